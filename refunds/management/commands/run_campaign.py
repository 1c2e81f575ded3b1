"""Refund an event that does not take place: try it dry, start it, watch it to its end, report."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from jobs.stopping import told_to_stop
from orders.models import Order
from refunds import services
from refunds.management.arguments import add_connections
from refunds.management.campaign_table import preview_lines, report_lines
from refunds.models import RefundCampaign, RefundReason
from refunds.operations.campaign_report import COLUMNS
from ticketing.errors import DomainError
from ticketing.exports import csv_lines
from ticketing.models import Event, Showing

DRIVING = ("start", "resume", "retry")
WHY = "Told by the command run_campaign."


class Command(BaseCommand):
    help = (
        "Give the money of an event that is cancelled, or a confirmed fraud, back to everybody. "
        "Without --start, --pause, --resume or --retry it is a dry run, or shows how far it is. "
        "The campaign is the one of this event, reason, showing and orders: name the same again to "
        "go on. It is driven to its end, beside the job workers; Ctrl-C, a crash or a second run "
        "of the same do no harm. Exit code 1 if an order needs a person, or anything failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event", metavar="EVENT_SLUG")
        parser.add_argument("--reason", choices=["cancelled", "fraud"], default="cancelled")
        parser.add_argument("--showing", type=int, metavar="ID", help="only this showing")
        parser.add_argument("--orders", nargs="+", metavar="CODE", help="only these orders")
        parser.add_argument(
            "--orders-from", metavar="FILE", help="only orders whose codes are lines of this file"
        )
        doing = parser.add_mutually_exclusive_group()
        doing.add_argument("--dry-run", action="store_true", help="the default: change nothing")
        doing.add_argument("--start", action="store_true", help="start it, or go on driving it")
        doing.add_argument("--pause", action="store_true", help="take up no further order")
        doing.add_argument("--resume", action="store_true", help="go on after a pause")
        doing.add_argument(
            "--retry",
            action="store_true",
            help="take up listed orders again; overridden ones can be named in the back office",
        )
        parser.add_argument("--by", metavar="USERNAME", help="the admin who decides it")
        parser.add_argument("--report", metavar="FILE.csv", help="write what became of each order")
        add_connections(parser)

    def handle(self, **options: Any) -> None:
        try:
            self._run(**options)
        except DomainError as refusal:
            raise CommandError(f"{refusal.title} {refusal}") from refusal

    def _run(self, *, event: str, reason: str, **options: Any) -> None:
        scope = _scope(event, reason, **options)
        _check_folder(options["report"])
        doing = next((name for name in (*DRIVING, "pause") if options[name]), None)
        if doing:
            campaign: RefundCampaign | None = _decide(doing, scope, _admin(options["by"]))
        else:
            campaign = None if options["dry_run"] else _find(scope)
        if campaign is None:
            self._print(preview_lines(scope["event"], services.preview_campaign(**_orders(scope))))
            if options["report"]:
                raise CommandError("This was a dry run, so no report was written.")
            return
        failed = self._drive(campaign, options["connections"]) if doing in DRIVING else 0
        self._report(campaign, options["report"], is_driven=doing in DRIVING, failed=failed)

    def _drive(self, campaign: RefundCampaign, connections: int) -> int:
        """Until it is completed, paused, or we are told to stop; how many errors there were."""
        with tqdm(desc="refunded", unit=" orders", disable=None) as bar:

            def tell(counts: dict[str, int]) -> None:
                bar.total = sum(counts.values())
                bar.set_postfix(listed=counts["listed"], on_the_way=counts["refunding"])
                bar.update(counts["done"] + counts["listed"] - bar.n)

            return services.drive_campaign(
                campaign_id=campaign.pk,
                connections=connections,
                stopping=told_to_stop(),
                tell=tell,
            )

    def _report(
        self, campaign: RefundCampaign, file: str | None, *, is_driven: bool, failed: int
    ) -> None:
        report = services.report_campaign(campaign_id=campaign.pk)
        self._print(report_lines(report))
        if file:
            _write(campaign, Path(file))
            self.stdout.write(f"Every order is in {file}.")
        if failed:
            raise CommandError(f"{failed} steps failed and will be tried again; see the log.")
        if is_driven and report.campaign.status == RefundCampaign.Status.RUNNING:
            raise CommandError("Stopped before its end. The jobs go on; --start watches again.")
        if report.counts["listed"]:
            raise CommandError("Somebody has to look at the listed orders, then --retry.")

    def _print(self, lines: list[str]) -> None:
        self.stdout.write("\n".join(lines))


def _scope(event: str, reason: str, **options: Any) -> dict[str, Any]:
    """Which campaign is meant."""
    found = Event.objects.filter(slug=event).first()
    if found is None:
        raise CommandError(f"There is no event {event}.")
    return {
        "event": found,
        "reason": RefundReason(reason),
        "showing": _showing(found, options["showing"]),
        "order_ids": _order_ids(found, options["orders"], options["orders_from"]),
    }


def _showing(event: Event, pk: int | None) -> Showing | None:
    if pk is None:
        return None
    showing = event.showings.filter(pk=pk).first()
    if showing is None:
        raise CommandError(f"{event} has no showing {pk}.")
    return showing


def _order_ids(event: Event, codes: list[str] | None, file: str | None) -> list[int] | None:
    if codes is None and file is None:
        return None
    wanted = {*(codes or []), *(_codes_in(file) if file else [])}
    found = dict(Order.objects.filter(event=event, code__in=wanted).values_list("code", "pk"))
    if unknown := sorted(wanted - set(found)):
        raise CommandError(f"{event} has no order {', '.join(unknown)}.")
    return sorted(found.values())


def _codes_in(file: str) -> list[str]:
    try:
        # As spreadsheets save it: the mark at its beginning would become part of the first code.
        return Path(file).read_text(encoding="utf-8-sig").split()
    except (OSError, ValueError) as trouble:
        raise CommandError(f"The codes can't be read: {trouble}") from trouble


def _check_folder(report: str | None) -> None:
    """Before anything is done: a campaign takes hours, and its report comes last."""
    if report and not Path(report).parent.is_dir():
        raise CommandError(f"There is no folder {Path(report).parent} for the report.")


def _admin(name: str | None) -> User:
    user = User.objects.filter(username=name or "").first()
    if user is None:
        raise CommandError("Say with --by who decides it: the username of a platform admin.")
    return user


def _orders(scope: dict[str, Any]) -> dict[str, Any]:
    return {name: scope[name] for name in ("event", "showing", "order_ids")}


def _find(scope: dict[str, Any]) -> RefundCampaign | None:
    return services.find_campaign(reason=scope["reason"], **_orders(scope))


def _decide(doing: str, scope: dict[str, Any], by: User) -> RefundCampaign:
    if doing == "start":
        return _start(scope, by)
    campaign = _find(scope)
    if campaign is None:
        raise CommandError("There is no such campaign; --start it.")
    steps = {
        "pause": services.pause_campaign,
        "resume": services.resume_campaign,
        "retry": services.retry_campaign,
    }
    return steps[doing](campaign_id=campaign.pk, by=by, reason=WHY)


def _start(scope: dict[str, Any], by: User) -> RefundCampaign:
    showing: Showing | None = scope["showing"]
    campaign = services.prepare_campaign(
        event_id=scope["event"].pk,
        reason=scope["reason"],
        by=by,
        showing_id=showing.pk if showing else None,
        order_ids=scope["order_ids"],
    )
    if campaign.status == RefundCampaign.Status.COMPLETED and not services.may_start(campaign):
        return campaign
    return services.start_campaign(campaign_id=campaign.pk, by=by, reason=WHY)


def _write(campaign: RefundCampaign, file: Path) -> None:
    """The whole report or none: it takes its name when it is complete."""
    part = file.with_name(f"{file.name}.part")
    with part.open("w", encoding="utf-8", newline="") as report:
        rows = services.campaign_rows(campaign_id=campaign.pk)
        report.writelines(csv_lines(list(COLUMNS), rows))
    os.replace(part, file)
