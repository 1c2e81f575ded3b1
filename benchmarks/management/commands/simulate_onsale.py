"""A rush on a small house, against the product that runs beside it."""

from __future__ import annotations

import asyncio
import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from benchmarks.onsale import report
from benchmarks.onsale.crowd import Plan, let_in
from benchmarks.onsale.diary import Diary
from benchmarks.onsale.findings import Findings, as_json, examine
from benchmarks.onsale.house import House, open_house, tokens_of
from jobs.management.arguments import DAY, number, whole
from orders.models import Order
from sandbox.run import answers


class Command(BaseCommand):
    help = "Sell a small house to a large crowd through public HTTP, and report. Sandbox only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--buyers", type=whole(), default=20_000)
        parser.add_argument("--places", type=whole(), default=5_000)
        parser.add_argument(
            "--seconds", type=number(0, DAY), default=300, help="until the last one arrives"
        )
        parser.add_argument(
            "--pace", type=number(0, 100), default=1.0, help="stretches every pause"
        )
        parser.add_argument("--lines", type=whole(), default=64, help="connections to the product")
        parser.add_argument("--seed", type=whole(0), default=1)
        parser.add_argument("--report", type=Path, default=Path("benchmarks/results"))

    def handle(self, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("This makes accounts and sells a house: set SANDBOX=1 first.")
        if not answers(f"{settings.PUBLIC_URL}/readyz"):
            raise CommandError(
                f"Nobody answers at {settings.PUBLIC_URL}. Start `make run` in another terminal; "
                "with ORDER_TTL_SECONDS=120, places that people abandon come back within the rush."
            )
        house, tokens = open_house(options["places"]), tokens_of(options["buyers"])
        plan = Plan(
            seconds=options["seconds"],
            pace=options["pace"],
            lines=options["lines"],
            seed=options["seed"],
            product_port=urlsplit(settings.PUBLIC_URL).port or 80,
            provider_port=settings.SANDBOX_PORT,
        )
        diary = asyncio.run(let_in(plan, house, tokens, tell=self._tell))
        self._wait_for_the_last_orders(house)
        self._report(examine(diary, house), options)

    def _tell(self, diary: Diary) -> None:
        left = sum(bool(visit.left) for visit in diary.visits)
        self.stdout.write(
            f"{diary.now():6.0f} s  {diary.counts['arrived']:,} came, {left:,} left, "
            f"{diary.counts['order']:,} orders, {diary.counts['order paid']:,} paid"
        )
        self.stdout.flush()

    def _wait_for_the_last_orders(self, house: House) -> None:
        """Until what was abandoned has expired, unless that takes too long to be waited for."""
        deadline = time.monotonic() + settings.ORDER_TTL_SECONDS + 60
        pending = Order.objects.pending().filter(showing=house.showing)
        if settings.ORDER_TTL_SECONDS > 120:
            return
        while pending.exists() and time.monotonic() < deadline:
            time.sleep(1)

    def _report(self, findings: Findings, options: dict[str, Any]) -> None:
        folder: Path = options["report"]
        folder.mkdir(parents=True, exist_ok=True)
        about = {name: options[name] for name in ("seconds", "pace", "lines", "seed")}
        content = json.dumps(as_json(findings, options=about), indent=2)
        (folder / "onsale.json").write_text(content + "\n")
        (folder / "onsale.html").write_text(report.page(findings))
        for name, figure in findings.figures.items():
            self.stdout.write(f"{name:>24}  {figure:,}")
        self.stdout.write(f"Report: {folder / 'onsale.html'}")
        if findings.broken:
            raise CommandError("Broken: " + "; ".join(findings.broken))
