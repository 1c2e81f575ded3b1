"""Tickets of a night that was broken off let somebody in again while shown, or refunded."""

from __future__ import annotations

from functools import partial

from django.contrib.contenttypes.models import ContentType
from django.db.models import F
from django_fsm_log.models import StateLog

from jobs.outbox import handler_of
from orders.models import Ticket
from orders.services import check_in
from refunds.policy import Reason
from tests.concurrency.conftest import run_together
from tests.concurrency.refunding import approves, order_of, times
from tests.factories import ShowingFactory, from_now
from tests.orders.closing import postpone
from tests.orders.dates import news, reinstate
from tests.refunds.moved import ask, new_admin, tickets_of
from tests.rules import broken_rules
from ticketing.models import Showing


def test_each_lets_in_once_or_is_paid_back_however_often_the_job_runs():
    admin = new_admin()
    showing = ShowingFactory(starts_at=from_now(hours=1), ticket_sale_start=from_now(days=-9))
    orders = [order_of(2, showing) for _ in range(6)]
    tickets = [ticket for order in orders for ticket in tickets_of(order)]
    for ticket in tickets:
        check_in(code=ticket.code, by=admin)
    postpone(showing.event)
    refunds = [ask(order, None, Reason.POSTPONED) for order in orders[:3]]
    Showing.objects.update(starts_at=from_now(hours=13), ends_at=from_now(hours=15))
    reinstate(showing.event)
    tells = partial(handler_of("ticketing.dates_news"), **news().latest("pk").payload)

    outcomes = run_together(
        [
            *times(4, tells),
            *(approves(refund, admin) for refund in refunds),
            *(partial(check_in, code=ticket.code, by=admin) for ticket in tickets),
        ]
    )

    assert set(outcomes) <= {
        "done",
        "already-checked-in",
        "ticket-not-valid",
        "ticket-not-refundable",
    }
    moves = StateLog.objects.filter(content_type=ContentType.objects.get_for_model(Ticket))
    given_back = Ticket.objects.filter(refund_approved_at__isnull=False)
    assert not given_back.filter(used_at__gt=F("refund_approved_at")).exists()
    assert moves.filter(transition="readmit").count() >= 6
    for ticket in Ticket.objects.filter(order__in=orders[3:]):
        steps = moves.filter(object_id=ticket.pk).order_by("pk")
        expected = ["use", "readmit", *(["use"] if ticket.status == "used" else [])]
        assert list(steps.values_list("transition", flat=True)) == expected
    assert broken_rules() == {}
