from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.management.arguments import whole
from ticketing import services
from ticketing.errors import DomainError
from ticketing.models import Area, Showing
from ticketing.row_labels import spell_out
from ticketing.seating import Places, Rows

WAYS = "Give --area with --rows and --seats, --area with --capacity, or --showing with --csv."


class Command(BaseCommand):
    help = f"Make the seats of an area, or of a whole showing from a CSV file. {WAYS}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--area", type=int, metavar="ID")
        parser.add_argument("--rows", help="row labels, front to back: A-Z, or 1-20, or A-F,H,J")
        parser.add_argument("--seats", type=whole(), help="seats in each row")
        parser.add_argument("--capacity", type=whole(), help="places of a standing field")
        parser.add_argument("--showing", type=int, metavar="ID")
        parser.add_argument(
            "--csv", type=Path, metavar="FILE", help="UTF-8, header area,row,seat[,price][,blocked]"
        )

    def handle(self, **options: Any) -> None:
        try:
            count = self._generate(options)
        except DomainError as refusal:
            mistakes = refusal.extra.get("errors", [])
            lines = [f"{mistake['line']}: {mistake['message']}" for mistake in mistakes]
            raise CommandError("\n".join([str(refusal), *lines])) from refusal
        except (Area.DoesNotExist, Showing.DoesNotExist) as missing:
            raise CommandError(str(missing)) from missing
        except (ValueError, OSError) as trouble:  # row labels; a file that isn't there, or UTF-8
            raise CommandError(str(trouble)) from trouble
        self.stdout.write(self.style.SUCCESS(f"Made {count} seats."))

    def _generate(self, options: dict[str, Any]) -> int:
        names = ("area", "rows", "seats", "capacity", "showing", "csv")
        given = {name: options[name] for name in names if options[name] is not None}
        match given:
            case {"area": area, "rows": rows, "seats": seats, **rest} if not rest:
                return services.give_seats(area_id=area, seating=Rows(spell_out(rows), seats))
            case {"area": area, "capacity": capacity, **rest} if not rest:
                return services.give_seats(area_id=area, seating=Places(capacity))
            case {"showing": showing, "csv": path, **rest} if not rest:
                with path.open(encoding="utf-8-sig", newline="") as lines:
                    return services.import_seat_plan(showing_id=showing, lines=lines)
        raise CommandError(WAYS)
