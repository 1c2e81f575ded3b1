"""Tickets that are shown at the door while they are given back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import transaction

from orders.models import Ticket, TicketQuerySet
from orders.services import check_in
from refunds.errors import NothingToRefund, TicketNotRefundable
from refunds.models import Refund
from tests.concurrency.conftest import (
    NOBODY_WAITS_LONGER,
    closing,
    run_together,
    wait_until_somebody_waits,
)
from tests.concurrency.refunding import approves, asks, order_of, reserved
from tests.factories import CustomerFactory, from_now, reread
from tests.refunds.moved import approve_by_itself, ask, new_admin, tickets_of
from tests.rules import broken_rules


def test_twenty_doors_and_twenty_approvals_let_in_or_pay_back():
    order = order_of(1)
    [ticket] = tickets_of(order)
    refund, admin = ask(order), new_admin()
    doors = CustomerFactory.create_batch(20)

    outcomes = run_together(
        action
        for door in doors
        for action in (partial(check_in, code=ticket.code, by=door), approves(refund, admin))
    )

    assert outcomes["done"] == 1
    assert set(outcomes) <= {
        "done",
        "already-checked-in",
        "ticket-not-refundable",
        "ticket-not-valid",
        "refund-already-decided",
    }
    assert (reread(ticket).status == "used") != (reread(refund).status == "approved")
    assert broken_rules() == {}


def test_each_of_many_tickets_lets_in_or_is_paid_back():
    order, admin = order_of(20), new_admin()
    pairs = [(ticket, ask(order, [ticket])) for ticket in tickets_of(order)]

    outcomes = run_together(
        action
        for ticket, refund in pairs
        for action in (partial(check_in, code=ticket.code, by=admin), approves(refund, admin))
    )

    assert outcomes["done"] == 20
    assert outcomes["ticket-not-refundable"] + outcomes["ticket-not-valid"] == 20
    for ticket, refund in pairs:
        assert (reread(ticket).status == "used") != (reread(refund).status == "approved")
    assert reserved(order) == 400_000 * outcomes["ticket-not-valid"]
    assert broken_rules() == {}


def test_requests_that_are_approved_by_themselves_meet_the_doors():
    order, door = order_of(20), CustomerFactory(is_superuser=True)
    approve_by_itself(order)

    outcomes = run_together(
        action
        for ticket in tickets_of(order)
        for action in (
            partial(check_in, code=ticket.code, by=door),
            asks(order, [ticket]),
            partial(check_in, code=ticket.code, by=door),
        )
    )

    assert outcomes["done"] == 20
    assert set(outcomes) <= {
        "done",
        "already-checked-in",
        "ticket-not-refundable",
        "ticket-not-valid",
    }
    assert (
        Ticket.objects.filter(status="used", refund_approved_at=None).count()
        + (Ticket.objects.filter(status="active", refund_approved_at__isnull=False).count())
        == 20
    )
    assert broken_rules() == {}


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("is_automatic", [True, False])
def test_who_asks_while_somebody_goes_in_is_told_what_a_customer_can_understand(
    by_name, is_automatic
):
    order, door = order_of(1), CustomerFactory(is_superuser=True)
    [ticket] = tickets_of(order)
    if is_automatic:
        approve_by_itself(order)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            found = Ticket.objects.get_for_update(ticket.code)
            asked = pool.submit(closing(asks(order, [ticket] if by_name else None)))
            wait_until_somebody_waits()
            found.use(by=door, at=from_now(), reason="Checked in at the door.")
            found.save()
        with pytest.raises((TicketNotRefundable, NothingToRefund)) as refusal:
            asked.result()

    assert str(refusal.value) in (
        f"They were used, refunded, or are in another request: {ticket.code}.",
        "The order has no ticket left that could be given back.",
    )
    assert not Refund.objects.exists()
    assert reserved(order) == 0


def test_control_without_the_tickets_lock_somebody_goes_in_and_is_paid_back(monkeypatch):
    order = order_of(1)
    [ticket] = tickets_of(order)
    refund, admin = ask(order), new_admin()
    both_have_read = Barrier(2)

    def read(rows, code=None):
        found = list(rows.filter(code=code) if code else rows)
        both_have_read.wait(timeout=NOBODY_WAITS_LONGER)
        return found[0] if code else found

    monkeypatch.setattr(TicketQuerySet, "get_for_update", read)
    monkeypatch.setattr(TicketQuerySet, "lock", read)

    outcomes = run_together(
        [partial(check_in, code=ticket.code, by=admin), approves(refund, admin)]
    )

    assert outcomes == {"done": 2}
    assert (reread(ticket).status, reread(refund).status) == ("used", "approved")
