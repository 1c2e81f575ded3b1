"""A door takes the tickets of its own showing, and answers a repeated question as it did before."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, transaction
from django_fsm_log.models import StateLog
from rest_framework.test import APIClient

from orders.errors import AlreadyCheckedIn, DoorClosed, TicketNotValid, WrongShowing
from orders.models import Ticket
from orders.services import check_in
from tests.factories import CustomerFactory, ShowingFactory, from_now, paid_order, seats_in_area
from tests.ticketing.event_states import move
from ticketing.invariants import violations

CHECK_INS = "/api/v1/check-ins/"


def ticket_of(showing):
    return paid_order(seats_in_area(1, showing=showing)).tickets.get()


@pytest.fixture
def tonight():
    return ShowingFactory(starts_at=from_now(hours=1))


@pytest.fixture
def ticket(tonight):
    return ticket_of(tonight)


@pytest.fixture
def usher():
    return CustomerFactory()


def as_stored(ticket):
    return Ticket.objects.filter(pk=ticket.pk).values().get(), StateLog.objects.count()


def test_a_door_takes_the_tickets_of_its_showing(tonight, ticket, usher):
    scan = uuid.uuid4()

    check_in(code=ticket.code, by=usher, showing_id=tonight.pk, scan=scan)

    used = Ticket.objects.get(pk=ticket.pk)
    assert (used.status, used.used_by_scan) == ("used", scan)
    assert not any(violations().values())


def test_a_ticket_for_another_evening_of_the_same_event_is_refused_and_says_for_which(
    tonight, usher
):
    tomorrow = ShowingFactory(event=tonight.event, starts_at=from_now(hours=25))
    ticket = ticket_of(tomorrow)
    stored = as_stored(ticket)

    with pytest.raises(WrongShowing) as refused:
        check_in(code=ticket.code, by=usher, showing_id=tonight.pk)

    assert tomorrow.event.title in str(refused.value)
    assert tomorrow.local(tomorrow.starts_at) in str(refused.value)
    assert as_stored(ticket) == stored


@pytest.mark.parametrize(
    "hours",
    [{"starts_at": {"hours": 13}}, {"starts_at": {"hours": -20}, "ends_at": {"hours": -13}}],
)
def test_nobody_is_let_in_long_before_or_after_the_showing(usher, hours):
    showing = ShowingFactory(
        ticket_sale_end=from_now(),
        **{name: from_now(**delta) for name, delta in hours.items()},
    )
    ticket = ticket_of(showing)
    stored = as_stored(ticket)

    with pytest.raises(DoorClosed) as refused:
        check_in(code=ticket.code, by=usher, showing_id=showing.pk)

    assert showing.local(showing.door_opens_at) in str(refused.value)
    assert showing.local(showing.door_closes_at) in str(refused.value)
    assert as_stored(ticket) == stored


def test_whoever_asks_again_about_the_same_scan_is_told_the_same(tonight, ticket, usher):
    scan = uuid.uuid4()
    first = check_in(code=ticket.code, by=usher, showing_id=tonight.pk, scan=scan)
    stored = as_stored(ticket)

    again = check_in(code=ticket.code, by=usher, showing_id=tonight.pk, scan=scan)

    assert again.used_at == first.used_at
    assert as_stored(ticket) == stored


@pytest.mark.parametrize("scan", [None, uuid.uuid4()])
def test_a_copy_of_the_ticket_is_another_scan_and_lets_nobody_in(tonight, ticket, usher, scan):
    check_in(code=ticket.code, by=usher, showing_id=tonight.pk, scan=uuid.uuid4())
    stored = as_stored(ticket)

    with pytest.raises(AlreadyCheckedIn):
        check_in(code=ticket.code, by=usher, showing_id=tonight.pk, scan=scan)

    assert as_stored(ticket) == stored


def test_scans_without_a_name_are_never_taken_for_the_same(tonight, ticket, usher):
    check_in(code=ticket.code, by=usher, showing_id=tonight.pk)

    with pytest.raises(AlreadyCheckedIn):
        check_in(code=ticket.code, by=usher, showing_id=tonight.pk)


def test_after_a_minute_the_same_scan_is_told_that_the_ticket_was_used(tonight, ticket, usher):
    scan = uuid.uuid4()
    check_in(code=ticket.code, by=usher, showing_id=tonight.pk, scan=scan)
    Ticket.objects.filter(pk=ticket.pk).update(used_at=from_now(seconds=-61))

    with pytest.raises(AlreadyCheckedIn):
        check_in(code=ticket.code, by=usher, showing_id=tonight.pk, scan=scan)


def test_a_scan_that_was_refused_is_not_let_in_by_asking_again(tonight, ticket, usher):
    scan = uuid.uuid4()
    move(tonight.event, "postpone")

    for _ in range(2):
        with pytest.raises(TicketNotValid):
            check_in(code=ticket.code, by=usher, showing_id=tonight.pk, scan=scan)

    assert Ticket.objects.get(pk=ticket.pk).used_by_scan is None


@pytest.fixture
def scanner(tonight, usher):
    """The program of a member of the organizer."""
    tonight.event.organizer.members.add(usher)
    client = APIClient()
    client.force_authenticate(usher)
    return client


def test_a_program_that_names_its_showing_lets_in_to_that_one_only(scanner, tonight, ticket):
    matinee = ShowingFactory(event=tonight.event, starts_at=from_now(hours=-3))
    stored = as_stored(ticket)

    refused = scanner.post(CHECK_INS, {"ticket": ticket.code, "showing": matinee.pk})

    assert (refused.status_code, refused.json()["code"]) == (409, "wrong-showing")
    assert as_stored(ticket) == stored
    let_in = scanner.post(CHECK_INS, {"ticket": ticket.code, "showing": tonight.pk})
    assert let_in.status_code == 200


def test_a_program_that_names_its_scan_may_ask_again(scanner, ticket):
    body = {"ticket": ticket.code, "scan": str(uuid.uuid4())}

    answers = [scanner.post(CHECK_INS, body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert scanner.post(CHECK_INS, {"ticket": ticket.code}).status_code == 409


@pytest.mark.parametrize("wrong", [{"showing": 0}, {"showing": "tonight"}, {"scan": "first"}])
def test_a_program_is_told_what_names_neither_a_showing_nor_a_scan(scanner, ticket, wrong):
    answer = scanner.post(CHECK_INS, {"ticket": ticket.code, **wrong})

    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(wrong))
    assert Ticket.objects.get(pk=ticket.pk).status == "active"


def test_the_database_keeps_no_scan_of_a_ticket_that_was_not_used(ticket):
    with (
        pytest.raises(IntegrityError, match="ticket_scan_when_used"),
        transaction.atomic(),
    ):
        Ticket.objects.filter(pk=ticket.pk).update(used_by_scan=uuid.uuid4())

    assert Ticket.objects.get(pk=ticket.pk).used_by_scan is None
