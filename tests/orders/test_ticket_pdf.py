"""Tickets as documents, read back by a real PDF reader and real scanners."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import zxingcpp
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from PIL import Image, ImageDraw
from rest_framework.test import APIClient

from orders import operations
from orders.models import Ticket
from orders.ticket_pdf import render_tickets
from tests.factories import CustomerFactory, PaymentFactory, placed_order, seats_in_area
from tests.orders.ticket_papers import pages_of, printed, scanned
from tests.payments.vnpay_calls import IPN, success
from tests.ticketing.event_states import move
from ticketing.models import Showing


@pytest.fixture
def paid_order(customer):
    order = placed_order(customer=customer)
    order.event.venue = "Nhà hát Lớn, Hà Nội"
    order.event.save()
    operations.confirm(order, by=None, at=timezone.now(), reason="The test pays it.")
    return order


@pytest.fixture
def ticket(paid_order):
    return paid_order.tickets.order_by("seat_id").first()


def address(ticket):
    return f"/api/v1/tickets/{ticket.code}/ticket.pdf"


def test_a_page_tells_all_that_the_door_and_the_holder_need(api, ticket):
    [page] = pages_of(api.get(address(ticket)).content)

    starts_at = ticket.showing_starts_at.astimezone(ticket.showing.zone)
    lines = page.splitlines()
    assert lines[0] == ticket.event_title
    assert f"Starts: {starts_at:%Y-%m-%d %H:%M} (Asia/Ho_Chi_Minh)" in lines
    assert "Venue: Nhà hát Lớn, Hà Nội" in lines
    assert f"Area: {ticket.area_name}" in lines
    assert f"Row: {ticket.row_label}" in lines
    assert f"Seat: {ticket.seat_number}" in lines
    assert "Price: 500,000 VND" in lines
    assert f"Order: {ticket.order.code}" in lines
    assert f"Holder: {ticket.order.email}" in lines
    assert ticket.code in lines


def test_a_ticket_tells_the_date_that_its_event_was_put_off_to(api, ticket):
    put_off_to = datetime(2099, 3, 5, 13, 0, tzinfo=UTC)
    Showing.objects.filter(pk=ticket.showing_id).update(
        starts_at=put_off_to, ends_at=put_off_to + timedelta(hours=2)
    )

    [page] = pages_of(api.get(address(ticket)).content)
    listed = api.get(f"/api/v1/orders/{ticket.order.code}/tickets/").json()

    assert "Starts: 2099-03-05 20:00 (Asia/Ho_Chi_Minh)" in page.splitlines()
    assert {each["starts_at"] for each in listed} == {"2099-03-05T13:00:00Z"}


def test_a_scanner_reads_the_tickets_code_and_nothing_else(api, ticket):
    assert scanned(api.get(address(ticket)).content) == [[ticket.code]]


def test_what_a_scanner_reads_lets_the_holder_in(api, ticket):
    [[code]] = scanned(api.get(address(ticket)).content)
    member = CustomerFactory()
    ticket.event.organizer.members.add(member)
    door = APIClient()
    door.force_authenticate(member)

    assert door.post("/api/v1/check-ins/", {"ticket": code}).status_code == 200


def test_codes_of_all_letters_can_be_scanned():
    tickets = [printed() for _ in range(50)]

    assert scanned(render_tickets(tickets)) == [[ticket.code] for ticket in tickets]


def test_the_answer_is_a_file_to_show_that_nobody_else_may_keep(api, ticket):
    answer = api.get(address(ticket))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith('inline; filename="ticket-')
    assert answer.headers["Content-Disposition"].endswith('.pdf"')
    assert ticket.code not in answer.headers["Content-Disposition"].upper()
    assert "private" in answer.headers["Cache-Control"]
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize("accepted", ["application/pdf", "*/*", "application/json", "text/html"])
def test_whoever_accepts_a_pdf_gets_it(api, ticket, accepted):
    assert api.get(address(ticket), headers={"Accept": accepted}).status_code == 200


def test_the_list_of_tickets_leads_to_it(api, paid_order):
    tickets = api.get(f"/api/v1/orders/{paid_order.code}/tickets/").data

    assert [pages_of(api.get(shown["pdf_url"]).content) for shown in tickets]


@pytest.mark.parametrize("accepted", ["application/pdf", "application/json"])
def test_somebody_elses_ticket_does_not_exist(visitor, ticket, accepted):
    visitor.force_authenticate(CustomerFactory())

    answer = visitor.get(address(ticket), headers={"Accept": accepted})

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_it_takes_the_same_number_of_queries_however_large_the_order_is(
    api, ticket, django_assert_num_queries
):
    with django_assert_num_queries(1):
        api.get(address(ticket))


def test_a_refunded_ticket_says_so_and_can_not_be_scanned(api, ticket):
    Ticket.objects.filter(pk=ticket.pk).update(status="refunded", refund_approved_at=timezone.now())

    pdf = api.get(address(ticket)).content

    assert "Refunded, not valid" in pages_of(pdf)[0]
    assert "Show this code" not in pages_of(pdf)[0]
    assert scanned(pdf) == [[]]


def the_event_is_cancelled(ticket):
    move(ticket.event, "cancel")


def the_event_was_a_fraud(ticket):
    move(ticket.event, "investigate", "confirm_fraud")


def its_money_is_on_its_way_back(ticket):
    Ticket.objects.filter(pk=ticket.pk).update(refund_approved_at=timezone.now())


@pytest.mark.parametrize(
    "happen", [the_event_is_cancelled, the_event_was_a_fraud, its_money_is_on_its_way_back]
)
def test_no_ticket_is_given_out_as_good_that_lets_nobody_in(api, client, customer, ticket, happen):
    happen(ticket)

    pdf = api.get(address(ticket)).content
    client.force_login(customer)
    html = client.get(f"/orders/{ticket.order.code}/").content.decode()

    assert "Not valid" in pages_of(pdf)[0]
    assert "Show this code" not in pages_of(pdf)[0]
    assert scanned(pdf) == [[]]
    assert ticket.code in pages_of(pdf)[0]
    assert f'alt="QR code of ticket {ticket.code}"' not in html
    assert "it lets nobody in" in html


def test_a_good_ticket_does_not_say_that_it_is_refunded(api, ticket):
    [page] = pages_of(api.get(address(ticket)).content)

    assert "efunded" not in page


def test_it_is_told_in_vietnamese_to_those_who_ask_for_it(api, ticket):
    [page] = pages_of(api.get(address(ticket), headers={"Accept-Language": "vi"}).content)

    lines = page.splitlines()
    assert "Địa điểm: Nhà hát Lớn, Hà Nội" in lines
    assert f"Người giữ vé: {ticket.order.email}" in lines
    assert "Giá vé: 500.000 VND" in lines


def test_the_mail_about_a_paid_order_brings_its_tickets(client):
    payment = PaymentFactory(order=placed_order(seats_in_area(3), language="vi"))
    client.get(f"{IPN}?{success(payment)}")

    call_command("run_due_jobs")
    call_command("run_due_jobs")

    [sent] = [message for message in mail.outbox if message.attachments]
    [(name, pdf, kind)] = sent.attachments
    codes = payment.order.tickets.order_by("seat_id").values_list("code", flat=True)
    assert (name, kind) == (f"tickets-{payment.order.code}.pdf", "application/pdf")
    assert scanned(pdf) == [[code] for code in codes]
    assert "Người giữ vé" in pages_of(pdf)[0]


def test_the_drawing_for_screens_is_read_by_a_scanner_too(api, ticket):
    svg = api.get(f"/api/v1/tickets/{ticket.code}/qr.svg").content.decode()

    assert [code.text for code in zxingcpp.read_barcodes(drawn(svg))] == [ticket.code]


def drawn(svg):
    """The QR code's SVG as dots: a single path of strokes to the right, `h`, and jumps, `m`."""
    # Without its namespace no browser shows it as an image.
    [width] = re.findall(r'<svg xmlns="http://www.w3.org/2000/svg" width="(\d+)"', svg)
    [scale] = re.findall(r'transform="scale\((\d+)\)"', svg)
    [path] = re.findall(r' d="([^"]+)"', svg)
    image = Image.new("L", (int(width), int(width)), "white")
    pen = ImageDraw.Draw(image)
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        dx, dy = [*map(float, numbers.split()), 0.0][:2]
        if command == "h":
            corners = (x, y - 0.5, x + dx, y + 0.5)
            pen.rectangle([int(corner * int(scale)) for corner in corners], fill="black")
        x, y = x + dx, y + dy
    return image
