"""What a scan comes to: let in, already in, or refused with the reason."""

from __future__ import annotations

import uuid

import pytest
from django_fsm_log.models import StateLog

from orders.models import Ticket
from tests.back_office.world import browser_of
from tests.factories import ShowingFactory, from_now, paid_order, seats_in_area
from tests.pages.door.scanning import outcome, scan, stored
from tests.ticketing.event_states import move, new_member


def test_the_holder_of_a_ticket_is_let_in_and_the_page_says_to_which_place(
    usher, tonight, order, ticket
):
    answer = scan(usher, tonight, ticket.code)

    kind, said = outcome(answer)
    assert (answer.status_code, kind) == (200, "in")
    row, seat = ticket.row_label, ticket.seat_number
    assert said == f"✓ Come in Stalls Row {row}, seat {seat} {order.email}"
    ticket.refresh_from_db()
    assert ticket.status == "used"
    assert StateLog.objects.for_(ticket).get(transition="use").by == usher.user


def test_a_standing_place_has_no_row_to_say(usher, tonight):
    seats = seats_in_area(1, showing=tonight, name="Field", general_admission=True)
    ticket = paid_order(seats).tickets.get()

    assert "Row" not in outcome(scan(usher, tonight, ticket.code))[1]


def test_the_second_scan_is_told_when_and_by_whom_the_first_was(usher, tonight, ticket):
    colleague = browser_of(new_member(tonight.event))
    scan(colleague, tonight, ticket.code)
    before = stored()

    answer = scan(usher, tonight, ticket.code)

    kind, said = outcome(answer)
    used_at = Ticket.objects.get(pk=ticket.pk).used_at.astimezone(tonight.zone)
    assert (answer.status_code, kind) == (409, "already")
    assert f"Let in at {used_at:%H:%M} by {colleague.user}." in said
    assert stored() == before


def test_a_request_that_is_sent_again_gets_the_same_answer(usher, tonight, ticket):
    name = uuid.uuid4().hex

    answers = [scan(usher, tonight, ticket.code, scan=name) for _ in range(2)]

    assert [outcome(answer)[0] for answer in answers] == ["in", "in"]
    assert StateLog.objects.for_(ticket).filter(transition="use").count() == 1
    assert outcome(scan(usher, tonight, ticket.code, scan=uuid.uuid4().hex))[0] == "already"


def test_a_scan_with_a_name_that_is_none_is_still_a_scan(usher, tonight, ticket):
    assert outcome(scan(usher, tonight, ticket.code, scan="again"))[0] == "in"
    assert outcome(scan(usher, tonight, ticket.code, scan="again"))[0] == "already"


def test_a_ticket_of_another_showing_is_sent_to_its_own_door(usher, tonight, ticket):
    matinee = ShowingFactory(event=tonight.event, starts_at=from_now(hours=-3))
    before = stored()

    answer = scan(usher, matinee, ticket.code)

    kind, said = outcome(answer)
    assert (answer.status_code, kind) == (409, "refused")
    assert "This ticket is for another showing. It is for Đêm nhạc Trịnh" in said
    assert tonight.local(tonight.starts_at) in said
    assert stored() == before


def test_a_ticket_of_an_event_that_is_off_is_refused_with_the_reason(usher, tonight, ticket):
    move(tonight.event, "cancel")

    kind, said = outcome(scan(usher, tonight, ticket.code))

    assert kind == "refused"
    assert "Not valid" in said
    assert "The event was cancelled." in said


def test_a_refunded_ticket_is_refused(usher, tonight, ticket):
    Ticket.objects.filter(pk=ticket.pk).update(status="refunded", refund_approved_at=from_now())

    kind, said = outcome(scan(usher, tonight, ticket.code))

    assert kind == "refused"
    assert "Its money went back" in said


@pytest.mark.parametrize(
    "code", ["23456789ABCDEFGHJKLMNPQRST", "https://example.org/", "", "A\x00", "x" * 5000]
)
def test_what_is_no_ticket_is_refused(usher, tonight, order, code):
    before = stored()

    answer = scan(usher, tonight, code)

    assert (answer.status_code, outcome(answer)[0]) == (404, "refused")
    assert stored() == before


def test_another_organizers_ticket_is_no_ticket_here(usher, tonight):
    ticket = paid_order(seats_in_area(1)).tickets.get()

    answer = scan(usher, tonight, ticket.code)

    assert (answer.status_code, outcome(answer)[0]) == (404, "refused")
    assert ticket.area_name not in answer.content.decode()
    assert Ticket.objects.get(pk=ticket.pk).status == "active"


def test_a_code_is_taken_as_people_type_it(usher, tonight, ticket):
    assert outcome(scan(usher, tonight, f" {ticket.code.lower()}\r\n"))[0] == "in"
