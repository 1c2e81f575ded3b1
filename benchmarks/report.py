"""What a run found, as a table for people and as JSON for comparing."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "results" / "latest.json"
PACKAGES = ("Django", "djangorestframework", "granian", "psycopg")
HEADINGS = ("", "measured", "floor", "ratio")


@dataclass(frozen=True)
class Line:
    """A figure beside the floor of the same run. The ratio is measured / floor."""

    name: str
    measured: float
    unit: str
    floor: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.measured / self.floor if self.floor else None

    def cells(self) -> tuple[str, str, str, str]:
        floor = "" if self.floor is None else f"{self.floor:,.1f} {self.unit}"
        ratio = "" if self.ratio is None else f"{self.ratio:.3f}"
        return self.name, f"{self.measured:,.1f} {self.unit}", floor, ratio


@dataclass
class Report:
    """Lines in the order of their printing; `details` are for the file alone.

    Where there is a failure, the figures say nothing.
    """

    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)

    def add(self, lines: list[Line], note: str) -> None:
        self.lines += lines
        self.notes.append(note)

    def check_answers(self, chapter: str, wrong: dict[int, int]) -> None:
        """A failure if there were answers of another status than the wanted one."""
        if wrong:
            self.failures.append(f"Wrong answers in {chapter}, by status: {wrong}.")

    def table(self) -> str:
        rows = [HEADINGS, *(line.cells() for line in self.lines)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
        text = [_aligned(row, widths) for row in rows]
        text.insert(1, "-" * len(text[0]))
        return "\n".join([*text, "", *self.notes, *self.failures])

    def save(self, file: Path = FILE) -> None:
        """Write the JSON, in the place of the run before."""
        file.parent.mkdir(exist_ok=True)
        lines = [{**asdict(line), "ratio": line.ratio} for line in self.lines]
        told = {"lines": lines, "notes": self.notes, "failures": self.failures}
        content = {**self.about, **told, **self.details}
        file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def about(postgres: str, **options: object) -> dict[str, Any]:
    """When, where and with what; others may be using the machine, hence its load."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "postgresql": postgres,
        **{name.lower(): version(name) for name in PACKAGES},
        **options,
    }


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    first = row[0].ljust(widths[0])
    others = [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join([first, *others]).rstrip()
