"""Many doors scan at the same moment, on real connections."""

from __future__ import annotations

import uuid
from threading import Barrier

import pytest
from django.test import Client
from django_fsm_log.models import StateLog

from orders.models import Ticket, TicketQuerySet
from orders.services import check_in
from tests.concurrency.conftest import run_together
from tests.factories import CustomerFactory, PaymentFactory, placed_order, seats_in_area
from tests.payments.vnpay_calls import IPN, success
from tests.rules import broken_rules

NOBODY_WAITS_LONGER = 10


def paid_tickets(count):
    payment = PaymentFactory(order=placed_order(seats_in_area(count)))
    Client().get(f"{IPN}?{success(payment)}")
    return list(payment.order.tickets.order_by("pk"))


def scan_by(user, ticket):
    return lambda: check_in(code=ticket.code, by=user)


def test_thirty_scans_at_once_let_one_person_in():
    [ticket] = paid_tickets(1)
    doors = CustomerFactory.create_batch(30)

    outcomes = run_together([scan_by(user, ticket) for user in doors])

    assert outcomes == {"done": 1, "already-checked-in": 29}
    assert StateLog.objects.for_(ticket).filter(transition="use").count() == 1
    assert broken_rules() == {}


def test_copies_of_many_tickets_at_many_doors_let_each_in_once():
    tickets = paid_tickets(20)
    doors = CustomerFactory.create_batch(3)

    outcomes = run_together(scan_by(user, ticket) for ticket in tickets for user in doors)

    assert outcomes == {"done": 20, "already-checked-in": 40}
    assert Ticket.objects.filter(status="used").count() == 20
    assert broken_rules() == {}


def test_the_log_names_the_door_that_was_first():
    [ticket] = paid_tickets(1)
    doors = CustomerFactory.create_batch(30)
    accepted = []

    def scan(user):
        return lambda: accepted.append((check_in(code=ticket.code, by=user).used_at, user))

    run_together([scan(user) for user in doors])

    [(used_at, user)] = accepted
    entry = StateLog.objects.for_(ticket).get(transition="use")
    assert (entry.timestamp, entry.by) == (used_at, user)
    assert Ticket.objects.get(pk=ticket.pk).used_at == used_at


def test_a_question_asked_again_before_the_answer_is_there_gets_the_same_answer():
    [ticket] = paid_tickets(1)
    user, scan = CustomerFactory(), uuid.uuid4()

    def ask():
        check_in(code=ticket.code, by=user, scan=scan)

    assert run_together([ask] * 20) == {"done": 20}
    assert StateLog.objects.for_(ticket).filter(transition="use").count() == 1
    assert broken_rules() == {}


def test_copies_at_doors_that_name_their_scans_let_one_person_in():
    [ticket] = paid_tickets(1)
    user = CustomerFactory()

    def scan():
        check_in(code=ticket.code, by=user, scan=uuid.uuid4())

    assert run_together([scan] * 20) == {"done": 1, "already-checked-in": 19}


@pytest.fixture
def without_locks(monkeypatch):
    """Two doors read the same ticket before either of them writes: what the lock rules out."""
    both_have_read = Barrier(2)

    def read(tickets, code):
        ticket = tickets.get(code=code)
        both_have_read.wait(timeout=NOBODY_WAITS_LONGER)
        return ticket

    monkeypatch.setattr(TicketQuerySet, "get_for_update", read)


@pytest.mark.usefixtures("without_locks")
def test_control_without_the_lock_two_people_go_in_with_one_ticket():
    [ticket] = paid_tickets(1)

    outcomes = run_together([scan_by(user, ticket) for user in CustomerFactory.create_batch(2)])

    assert outcomes == {"done": 2}
    assert StateLog.objects.for_(ticket).filter(transition="use").count() == 2
