"""Take places off sale and put them back: named seats, or so many places of a standing field.

Each is one statement for all of its seats, explained by one row in the log of the showing. The
event is locked first, so staff wait for each other; buyers never wait: they pass over locked seats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from ticketing.errors import TooFewPlaces, WrongSeatState
from ticketing.event_changes import lock_showing_for_change
from ticketing.models import Area, Seat, SeatQuerySet
from ticketing.seats_in_words import told
from ticketing.transition_log import note


@dataclass(frozen=True)
class _Move:
    """A transition of seats: which it is for, and what is said of those that it is not for."""

    candidates: Callable[[SeatQuerySet], SeatQuerySet]
    make: Callable[[SeatQuerySet], int]
    wrong_state: Any
    too_few: Any


BLOCK = _Move(
    SeatQuerySet.available,
    SeatQuerySet.block,
    gettext_lazy("These seats are not free, so none was blocked: {seats}. Leave them out."),
    gettext_lazy("Only {available} places of {area} are free now. Block fewer."),
)
RELEASE = _Move(
    SeatQuerySet.blocked,
    SeatQuerySet.unblock,
    gettext_lazy("These seats are not blocked, so none was released: {seats}. Leave them out."),
    gettext_lazy("Only {available} places of {area} are blocked. Release fewer."),
)


@transaction.atomic(durable=True)
def block_seats(*, showing_id: int, seat_ids: Sequence[int], by: User, reason: str) -> int:
    """Take these seats of a showing off sale, all of them or none; return how many.

    Locks the event, then the free ones of the seats by ascending id, waiting for buyers who are
    about to hold one. Raises NotAllowed, WrongEventState, ShowingOver; WrongSeatState, which names
    the seats that are not free.
    """
    return _move_seats(BLOCK, "block_seats", showing_id, seat_ids, by, reason)


@transaction.atomic(durable=True)
def release_seats(*, showing_id: int, seat_ids: Sequence[int], by: User, reason: str) -> int:
    """Put these blocked seats of a showing on sale again, all of them or none; return how many.

    Locks the event, then the blocked ones of the seats by ascending id. Raises NotAllowed,
    WrongEventState, ShowingOver; WrongSeatState, which names the seats that are not blocked.
    """
    return _move_seats(RELEASE, "release_seats", showing_id, seat_ids, by, reason)


@transaction.atomic(durable=True)
def block_places(*, area_id: int, quantity: int, by: User, reason: str) -> int:
    """Take so many free places of a standing field off sale, or none; return how many.

    Locks the event, then the places by ascending id. Raises NotAllowed, WrongEventState,
    ShowingOver, TooFewPlaces.
    """
    return _move_places(BLOCK, "block_places", area_id, quantity, by, reason)


@transaction.atomic(durable=True)
def release_places(*, area_id: int, quantity: int, by: User, reason: str) -> int:
    """Put so many blocked places of a standing field on sale again, or none; return how many.

    Locks the event, then the places by ascending id. Raises NotAllowed, WrongEventState,
    ShowingOver, TooFewPlaces.
    """
    return _move_places(RELEASE, "release_places", area_id, quantity, by, reason)


def _move_seats(
    move: _Move, name: str, showing_id: int, seat_ids: Sequence[int], by: User, reason: str
) -> int:
    now = timezone.now()
    showing = lock_showing_for_change(showing_id, by=by, now=now)
    # Of this showing alone, since that is the one `by` was asked for: others count as missing.
    wanted = Seat.objects.filter(showing=showing, pk__in=seat_ids)
    locked = move.candidates(wanted).lock_by_id()
    missing = sorted(set(seat_ids) - set(locked))
    if missing:
        names = told(showing, missing)
        raise WrongSeatState(move.wrong_state.format(seats=names), seats=missing)
    _make(move, locked)
    note(showing, name, by=by, at=now, reason=f"{reason} ({told(showing, locked)})")
    return len(locked)


def _move_places(move: _Move, name: str, area_id: int, quantity: int, by: User, reason: str) -> int:
    now = timezone.now()
    area = Area.objects.get(pk=area_id)
    showing = lock_showing_for_change(area.showing_id, by=by, now=now)
    # By showing as well: of the seats of an area only the free ones have an index.
    locked = move.candidates(showing.seats.filter(area=area)).lock_by_id(quantity)
    if len(locked) < quantity:
        raise TooFewPlaces(
            move.too_few.format(available=len(locked), area=area), available=len(locked)
        )
    _make(move, locked)
    note(showing, name, by=by, at=now, reason=f"{reason} ({area}: {quantity})")
    return quantity


def _make(move: _Move, locked: Sequence[int]) -> None:
    # Under the locks all of them move; if not, nothing may be kept of the transaction.
    moved = move.make(Seat.objects.filter(pk__in=locked))
    if moved != len(locked) or not locked:
        raise RuntimeError(f"{moved} of {len(locked)} seats were in the expected state.")
