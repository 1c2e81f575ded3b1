"""A showing that starts within the hour, made inside the product's database.

Run by `python -m tests.product.inside door_world`; it prints the showing's number.
"""

from __future__ import annotations

import sys
from datetime import timedelta

from django.utils import timezone

from ticketing.models import Area, Event, Organizer, Row, Seat, Showing

TITLE = "Tonight's film"


def main() -> None:
    """Its tickets are free, so that buying them takes one call and no payment."""
    now = timezone.now()
    organizer = Organizer.objects.get(members__email="organizer@example.com", slug="saigon-stage")
    event = Event.objects.create(organizer=organizer, title=TITLE, slug="tonights-film")
    event.publish(by=None, at=now, reason="The test begins so.")
    event.save()
    showing = Showing.objects.create(
        event=event,
        starts_at=now + timedelta(hours=1),
        ends_at=now + timedelta(hours=3),
        ticket_sale_start=now - timedelta(days=1),
        ticket_sale_end=now + timedelta(minutes=50),
    )
    for name in ("Stalls", "Balcony"):
        area = Area.objects.create(showing=showing, name=name, price=0)
        row = Row.objects.create(area=area, label="A")
        Seat.objects.bulk_create(
            Seat(row=row, area=area, showing=showing, number=str(n)) for n in range(1, 5)
        )
    sys.stdout.write(f"{showing.pk}\n")
