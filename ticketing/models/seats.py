"""Which places there are to sell, and who may have them."""

from __future__ import annotations

from collections import Counter, defaultdict

from django.db import models
from django.db.models import (
    BooleanField,
    Count,
    ExpressionWrapper,
    Func,
    OuterRef,
    Q,
    Subquery,
    UniqueConstraint,
)
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin

from ticketing.models.rules import one_of
from ticketing.models.showings import Area, Row, Showing


class SeatStatus(models.TextChoices):
    AVAILABLE = "available", _("available")
    HELD = "held", _("held")
    SOLD = "sold", _("sold")
    BLOCKED = "blocked", _("blocked")


class SeatQuerySet(models.QuerySet["Seat"]):
    """Seats change set-wise, in one statement with their order; each method is one transition.

    They return the number of seats that were in the right state and moved. Free seats become held
    in the statement that writes their order.
    """

    def in_area(self, area: Area) -> SeatQuerySet:
        """The seats of an area, found through its rows.

        Seats have no index by area, but for the free ones: each index makes every sale dearer.
        """
        return self.filter(row__area=area)

    def available(self) -> SeatQuerySet:
        return self.filter(status=SeatStatus.AVAILABLE)

    def blocked(self) -> SeatQuerySet:
        return self.filter(status=SeatStatus.BLOCKED)

    def count_states(self, place: str) -> dict[int, Counter[str]]:
        """How many are in which state, by the id of their `place`: "area" or "row"."""
        # Without an order: rows would be grouped by what they are sorted by, too.
        found = self.order_by().values_list(place, "status").annotate(number=Count("pk"))
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        for pk, status, number in found:
            counts[pk][status] = number
        return counts

    def lock_by_id(self, limit: int | None = None) -> list[int]:
        """Lock these seats in id order, waiting for whoever has them locked; return their ids."""
        # Everybody locks seats in this order, so nobody waits for somebody who waits for him. Rows
        # and areas that are joined to find them stay free.
        rows = self.order_by("id").select_for_update(of=("self",))
        return list(rows.values_list("id", flat=True)[:limit])

    def release(self) -> int:
        """Give held seats back."""
        return self._move(SeatStatus.HELD, SeatStatus.AVAILABLE)

    def return_sold(self) -> int:
        """Give sold seats back after their tickets were refunded."""
        return self._move(SeatStatus.SOLD, SeatStatus.AVAILABLE)

    def block(self) -> int:
        """Take free seats off sale."""
        return self._move(SeatStatus.AVAILABLE, SeatStatus.BLOCKED)

    def unblock(self) -> int:
        return self._move(SeatStatus.BLOCKED, SeatStatus.AVAILABLE)

    def _move(self, source: SeatStatus, target: SeatStatus) -> int:
        # The state is asked for in the statement itself: after waiting for a lock PostgreSQL looks
        # again, and a seat that has moved meanwhile is left alone.
        return self.filter(status=source).update(status=target)


class CurrentTransaction(Func):
    """The id of the running transaction, never wrapping around."""

    template = "(pg_current_xact_id()::text::bigint)"
    arity = 0
    output_field = models.BigIntegerField()


class Seat(FSMModelMixin, models.Model):
    """One place that one ticket admits to; a standing field has one for each of its places.

    `changed_in` is kept by a trigger: the transaction that last changed the status. With the oldest
    transaction still running, it tells readers of the seat map what they can't have seen yet.
    """

    Status = SeatStatus

    # Two keys stand for these three in the database: a row is of its area, and that of its showing
    # (migration 0002).
    showing = models.ForeignKey(
        Showing, on_delete=models.PROTECT, related_name="seats", db_constraint=False, db_index=False
    )
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, related_name="seats", db_constraint=False, db_index=False
    )
    row = models.ForeignKey(
        Row, on_delete=models.PROTECT, related_name="seats", db_constraint=False, db_index=False
    )
    number = models.CharField(max_length=20)
    status = FSMField(choices=SeatStatus.choices, default=SeatStatus.AVAILABLE, protected=True)
    changed_in = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)

    objects = SeatQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", SeatStatus, "seat_status_valid"),
            UniqueConstraint(name="seat_number_unique", fields=["row", "number"]),
            # What the keys of holds and tickets refer to.
            UniqueConstraint(name="seat_with_showing", fields=["id", "showing"]),
        ]
        indexes = [
            # In the order in which standing places are claimed. Seats that are taken are not in it:
            # a full house costs what an empty one does.
            models.Index(
                name="seat_free_in_area", fields=["area", "id"], condition=Q(status="available")
            ),
            # Where news are found (`ticketing.seat_news`), and all seats of a showing.
            models.Index(name="seat_changes", fields=["showing", "changed_in"]),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def place(self) -> str:
        """Where it is, for staff. Read the seat together with its area and row."""
        return f"{self.area.name} · {self.row.label} · {self.number}"


def has_free_seat() -> ExpressionWrapper[Q]:
    """Whether an area has a free seat, as an annotation of areas.

    In the order of the index of free seats, the first one from this area on is either its own, or
    it has none. Asked whether one exists, PostgreSQL expects to meet it soon and reads seats in any
    order: of a sold-out area, all that there are of all houses.
    """
    first = Seat.objects.available().filter(area__gte=OuterRef("pk")).order_by("area", "pk")
    is_own = Q(pk=Subquery(first.values("area")[:1]))
    return ExpressionWrapper(is_own, output_field=BooleanField())
