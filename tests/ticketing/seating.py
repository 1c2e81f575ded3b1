"""What tests of making seats look at."""

from __future__ import annotations

from tests.factories import AreaFactory
from ticketing.models import Row, Seat


def made(area):
    """What an area has, as `A/1`, in the order of the seat ids."""
    seats = Seat.objects.filter(area=area).select_related("row").order_by("id")
    return [f"{seat.row.label}/{seat.number}" for seat in seats]


def assert_nothing_was_made():
    assert not Row.objects.exists()
    assert not Seat.objects.exists()


def field():
    return AreaFactory(general_admission=True)
