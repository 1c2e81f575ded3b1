"""The time that is left for a personal reason, at its edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from refunds.policy import Basis, WindowClosed, assess
from tests.refunds.policy_facts import (
    LONG,
    MICROSECOND,
    SALE_END,
    SECOND,
    SHORT,
    facts,
    step_of,
)


@pytest.mark.parametrize(
    ("left", "percentage", "amount"),
    [
        (timedelta(days=365), 80, "400000.00"),
        (LONG + SECOND, 80, "400000.00"),
        (LONG + MICROSECOND, 80, "400000.00"),
        (LONG, 80, "400000.00"),
        (LONG - MICROSECOND, 60, "300000.00"),
        (LONG - SECOND, 60, "300000.00"),
        (SHORT + SECOND, 60, "300000.00"),
        (SHORT + MICROSECOND, 60, "300000.00"),
        (SHORT, 60, "300000.00"),
    ],
)
def test_a_personal_reason_is_worth_what_time_is_left(left, percentage, amount):
    assessment = assess(facts(left=left))

    assert assessment.percentage == percentage
    assert assessment.base_amount == Decimal("500000.00")
    assert assessment.amount == Decimal(amount)
    assert assessment.basis == Basis.TICKETS


@pytest.mark.parametrize(
    "left",
    [
        SHORT - MICROSECOND,
        SHORT - SECOND,
        timedelta(hours=3),
        timedelta(0),
        -MICROSECOND,
        timedelta(days=-30),
    ],
)
def test_a_personal_reason_is_refused_when_too_little_time_is_left(left):
    with pytest.raises(WindowClosed) as refused:
        assess(facts(left=left))

    assert refused.value.closed_at == SALE_END - SHORT


def test_the_moment_told_to_those_who_are_late_is_the_last_one_that_is_in_time():
    with pytest.raises(WindowClosed) as refused:
        assess(facts(left=timedelta(0)))
    last = refused.value.closed_at

    assert assess(facts(requested_at=last)).percentage == 60
    with pytest.raises(WindowClosed):
        assess(facts(requested_at=last + MICROSECOND))


# The clocks change within the week before the sale ends: a week on the wall is not 168 hours.
CHANGES = [
    ("Europe/Berlin", (2026, 3, 31, 18, 0), -1),  # 23 hours on 29 March
    ("Europe/Berlin", (2026, 10, 27, 18, 0), 1),  # 25 hours on 25 October
    ("America/New_York", (2026, 3, 10, 18, 0), -1),
    ("America/New_York", (2026, 11, 3, 18, 0), 1),
]


@pytest.mark.parametrize(("zone", "sale_end", "gained"), CHANGES)
@pytest.mark.parametrize("asks_in", ["UTC", "the zone of the sale", "Asia/Ho_Chi_Minh"])
def test_instants_count_and_not_clocks_that_change(zone, sale_end, gained, asks_in):
    sale_end = datetime(*sale_end, tzinfo=ZoneInfo(zone))
    asks_in = sale_end.tzinfo if asks_in == "the zone of the sale" else ZoneInfo(asks_in)

    def percentage(hours, earlier=timedelta(0)):
        instant = sale_end.astimezone(UTC) - timedelta(hours=hours) - earlier
        return assess(facts(sale_end=sale_end, requested_at=instant.astimezone(asks_in))).percentage

    assert percentage(168) == 80
    assert percentage(168, -MICROSECOND) == 60
    assert percentage(120) == 60
    with pytest.raises(WindowClosed) as refused:
        percentage(120, -MICROSECOND)
    assert refused.value.closed_at == sale_end.astimezone(UTC) - SHORT

    a_week_by_the_clock = (sale_end - timedelta(days=7)).astimezone(UTC)
    by_the_clock = assess(facts(sale_end=sale_end, requested_at=a_week_by_the_clock))
    assert by_the_clock.percentage == (80 if gained > 0 else 60)
    assert step_of(by_the_clock, "personal-window").inputs["seconds_left"] == str(
        (168 + gained) * 3600
    )


@pytest.mark.parametrize("fold", [0, 1])
def test_the_hour_that_the_clocks_show_twice_is_two_hours(fold):
    berlin = ZoneInfo("Europe/Berlin")
    sale_end = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold)
    first_time = datetime(2026, 10, 18, 0, 30, tzinfo=UTC)

    assessment = assess(facts(sale_end=sale_end, requested_at=first_time + MICROSECOND))

    assert assessment.percentage == (80 if fold else 60)


def test_the_window_is_explained_with_exact_figures():
    requested_at = SALE_END - timedelta(days=6, microseconds=1)

    step = assess(facts(requested_at=requested_at.astimezone(ZoneInfo("Asia/Tokyo")))).steps[0]

    assert step.inputs == {
        "requested_at": "2026-11-24T09:59:59.999999Z",
        "sale_end": "2026-11-30T10:00:00Z",
        "seconds_left": "518400.000001",
        "at_least_hours": "120",
        "less_than_hours": "168",
    }
    assert step.result == "60"
