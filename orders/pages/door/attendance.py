"""How many of those who have a ticket are in."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from orders.models import VALID_TICKET, Ticket, TicketStatus
from ticketing.models import Showing

HAS_COME = Q(status=TicketStatus.USED)


@dataclass(frozen=True)
class Attendance:
    """Of one area, or of the whole showing, which has no name."""

    inside: int
    expected: int
    name: str = ""


def attendance_by_area(showing: Showing) -> list[Attendance]:
    """The areas that anybody has a ticket for, under the names that stand on the tickets."""
    tickets = Ticket.objects.filter(HAS_COME | VALID_TICKET, showing=showing)
    counted = tickets.values("area_name").annotate(
        inside=Count("pk", filter=HAS_COME), expected=Count("pk")
    )
    return [
        Attendance(area["inside"], area["expected"], area["area_name"])
        for area in counted.order_by("area_name")
    ]


def whole(areas: list[Attendance]) -> Attendance:
    return Attendance(sum(area.inside for area in areas), sum(area.expected for area in areas))
