"""Take back what was put into a draft by mistake. Once an event is published, places stay."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from ticketing.event_changes import check_removable, lock_for_change
from ticketing.models import Area, Event, Showing
from ticketing.transition_log import note

# Rows that nobody else names are deleted where they are, not collected one by one before.
DELETE_SEATS = """
DELETE FROM ticketing_seat
WHERE row_id IN (SELECT id FROM ticketing_row WHERE area_id = ANY(%(areas)s))
"""
DELETE_ROWS = "DELETE FROM ticketing_row WHERE area_id = ANY(%(areas)s)"


@transaction.atomic(durable=True)
def empty_area(*, area_id: int, by: User) -> int:
    """Remove the rows and seats of a draft's area, so that it can be given others.

    Returns the number of seats that went. Locks the event.
    Raises NotAllowed, WrongEventState unless the event is a draft.
    """
    event, area = _lock(area_id, by)
    gone = _delete_seats([area.pk])
    note(event, "empty_area", by=by, at=timezone.now(), reason=f"{area.name}: {gone} seats.")
    return gone


@transaction.atomic(durable=True)
def remove_area(*, area_id: int, by: User) -> None:
    """Remove an area of a draft with its seats. Locks the event. Raises as `empty_area`."""
    event, area = _lock(area_id, by)
    gone = _delete_seats([area.pk])
    area.delete()
    note(event, "remove_area", by=by, at=timezone.now(), reason=f"{area.name}: {gone} seats.")


@transaction.atomic(durable=True)
def remove_showing(*, showing_id: int, by: User) -> Event:
    """Remove a showing of a draft with its areas and seats. Returns the event.

    Locks the event. Raises as `empty_area`.
    """
    showing = Showing.objects.get(pk=showing_id)
    # Whoever publishes it waits for this lock, and finds what is left.
    event = lock_for_change(showing.event_id, by)
    check_removable(event)
    told = f"{showing}: {_delete_seats(list(showing.areas.values_list('pk', flat=True)))} seats."
    showing.areas.all().delete()
    showing.delete()
    note(event, "remove_showing", by=by, at=timezone.now(), reason=told)
    return event


def _lock(area_id: int, by: User) -> tuple[Event, Area]:
    area = Area.objects.select_related("showing").get(pk=area_id)
    event = lock_for_change(area.showing.event_id, by)
    check_removable(event)
    return event, area


def _delete_seats(areas: list[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(DELETE_SEATS, {"areas": areas})
        gone = int(cursor.rowcount)
        cursor.execute(DELETE_ROWS, {"areas": areas})
    return gone
