"""Which showings are on sale: the same answer for one of them and as a query."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import ShowingFactory, from_now
from tests.ticketing.event_states import ALL_STATES, event_in
from ticketing.models import Showing


def test_a_showing_is_on_sale_from_the_start_of_its_window_to_the_end():
    showing = ShowingFactory()
    starts, ends = showing.ticket_sale_start, showing.ticket_sale_end
    instant = timedelta(microseconds=1)

    for now, sells in ((starts - instant, False), (starts, True), (ends - instant, True),
                       (ends, False)):  # fmt: skip
        assert list(Showing.objects.on_sale(now)) == ([showing] if sells else [])
        assert showing.is_on_sale(now) is sells


def test_nobody_buys_a_ticket_for_a_showing_that_is_over_however_long_its_sale_lasts():
    ends = from_now(days=30)
    times = {"starts_at": from_now(days=29), "ticket_sale_end": from_now(days=40)}
    showing = ShowingFactory(ends_at=ends, **times)

    for now, sells in ((ends - timedelta(microseconds=1), True), (ends, False)):
        assert list(Showing.objects.on_sale(now)) == ([showing] if sells else [])
        assert showing.is_on_sale(now) is sells


@pytest.mark.parametrize(("status", "fraud_status"), ALL_STATES)
def test_the_state_of_its_event_decides_in_both_ways_alike(status, fraud_status):
    showing = ShowingFactory(event=event_in(status, fraud_status))
    now = timezone.now()

    assert Showing.objects.on_sale(now).exists() is showing.is_on_sale(now)
