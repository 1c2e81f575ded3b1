"""Tickets as documents, read back by a real PDF reader and real scanners."""

from __future__ import annotations

import gc
import io
import re
import tracemalloc
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pypdfium2
import pytest
import zxingcpp
from django.core import mail
from django.core.management import call_command
from django.utils import timezone, translation
from PIL import Image, ImageDraw
from pypdf import PdfReader
from reportlab.pdfbase import pdfmetrics
from rest_framework.test import APIClient

from orders import operations
from orders.models import Order, Ticket
from orders.ticket_pdf import render_tickets
from tests.factories import CustomerFactory, PaymentFactory, placed_order, seats_in_area
from tests.payments.vnpay_calls import IPN, success
from ticketing.models import Area, Event, Seat

# Every Vietnamese letter with every tone, in both cases.
VOWELS = "aăâeêioôơuưy"
TONES = ["", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"]
LETTERS = unicodedata.normalize("NFC", "".join(v + t for v in VOWELS for t in TONES) + "đ")


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


def printed(*, is_standing=False, venue="", email="customer@example.org", **fields):
    """A ticket that is in no database: printing needs none."""
    known = {
        "order": Order(code="7KQ2M9XWPA4T", email=email),
        "event": Event(venue=venue),
        "seat": Seat(area=Area(is_general_admission=is_standing)),
        "price": Decimal(500_000),
        "event_title": "Đêm nhạc Trịnh",
        "showing_starts_at": datetime(2026, 12, 20, 12, 30, tzinfo=UTC),
        "showing_time_zone": "Asia/Ho_Chi_Minh",
        "area_name": "Stalls",
        "row_label": "A",
        "seat_number": "11",
    }
    return Ticket(**{**known, **fields})


def pages_of(pdf):
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def in_one_line(text):
    """As people read it: where a line was broken does not matter."""
    return " ".join(text.split())


def scanned(pdf):
    """What a scanner reads on each page, held against a screen of a hundred dots an inch."""
    return [
        [code.text for code in zxingcpp.read_barcodes(page.render(scale=100 / 72).to_pil())]
        for page in pypdfium2.PdfDocument(pdf)
    ]


def ink_outside(pdf, *, margin):
    """Dots that are not white closer to the edge than `margin` points."""
    [page] = pypdfium2.PdfDocument(pdf)
    image = page.render(scale=1).to_pil().convert("L")
    inner = (margin, margin, image.width - margin, image.height - margin)
    image.paste(255, inner)
    return sum(image.histogram()[:250])


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


def test_a_good_ticket_does_not_say_that_it_is_refunded(api, ticket):
    [page] = pages_of(api.get(address(ticket)).content)

    assert "efunded" not in page


def test_it_is_told_in_vietnamese_to_those_who_ask_for_it(api, ticket):
    [page] = pages_of(api.get(address(ticket), headers={"Accept-Language": "vi"}).content)

    lines = page.splitlines()
    assert "Địa điểm: Nhà hát Lớn, Hà Nội" in lines
    assert f"Người giữ vé: {ticket.order.email}" in lines
    assert "Giá vé: 500.000 VND" in lines


@pytest.mark.parametrize("text", [LETTERS, LETTERS.upper()], ids=["small", "capital"])
def test_every_vietnamese_letter_is_read_back_as_it_was_written(text):
    [page] = pages_of(render_tickets([printed(event_title=text)]))

    assert text in page.replace("\n", "")


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSans-Bold"])
def test_the_fonts_have_a_glyph_for_every_vietnamese_letter(font):
    render_tickets([])
    glyphs = pdfmetrics.getFont(font).face.charToGlyph

    assert {letter for letter in LETTERS + LETTERS.upper() if ord(letter) not in glyphs} == set()


def test_letters_with_separate_marks_look_the_same_as_composed_ones():
    composed, separate = "Đêm nhạc Trịnh", unicodedata.normalize("NFD", "Đêm nhạc Trịnh")
    assert composed != separate

    known = printed()
    pdf = render_tickets([known])
    known.event_title = separate

    assert render_tickets([known]) == pdf


def test_fonts_are_embedded():
    reader = PdfReader(io.BytesIO(render_tickets([printed()])))

    fonts = reader.pages[0]["/Resources"]["/Font"].get_object().values()
    files = [font.get_object()["/FontDescriptor"].get_object().get("/FontFile2") for font in fonts
             if font.get_object()["/Subtype"] == "/TrueType"]  # fmt: skip
    assert files
    assert all(files)


LONGEST = {
    "words": {"event_title": ("Liên hoan âm nhạc " * 20)[:200], "venue": ("Hội nghị " * 30)[:200]},
    "no blanks": {
        "event_title": "W" * 200,
        "venue": "M" * 200,
        "area_name": "W" * 100,
        "row_label": "W" * 20,
        "seat_number": "W" * 20,
        "email": "w" * 242 + "@example.org",
    },
    "many lines": {"event_title": "A\nB" * 66, "area_name": "\t\x00\u202e" * 30},
    "markup": {"event_title": "<b>R&B</b> &amp; <img src='file:///etc/passwd'/>"},
}


@pytest.mark.parametrize("fields", LONGEST.values(), ids=LONGEST)
def test_long_names_wrap_or_shrink_and_never_leave_the_page(fields):
    ticket = printed(**fields)

    pdf = render_tickets([ticket])

    assert ink_outside(pdf, margin=34) == 0
    assert scanned(pdf) == [[ticket.code]]
    [page] = pages_of(pdf)
    assert page.count("W") == sum(str(value).count("W") for value in fields.values()) + (
        ticket.code + ticket.order.code
    ).count("W")


def test_what_looks_like_markup_is_text():
    title = LONGEST["markup"]["event_title"]

    [page] = pages_of(render_tickets([printed(event_title=title)]))

    assert in_one_line(title) in in_one_line(page)


def test_the_watermark_stays_on_the_page():
    for language in ("en", "vi"):
        with translation.override(language):
            assert ink_outside(render_tickets([printed(status="refunded")]), margin=8) == 0


def test_standing_places_name_no_row_and_no_seat():
    [page] = pages_of(render_tickets([printed(is_standing=True, seat_number="GA-7")]))

    assert "Seat: Any place in this area" in page
    assert "Row" not in page
    assert "GA-7" not in page


def test_an_event_without_a_venue_names_none():
    assert "Venue" not in pages_of(render_tickets([printed()]))[0]


def test_the_showing_is_told_in_its_own_zone():
    [page] = pages_of(render_tickets([printed(showing_time_zone="America/New_York")]))

    assert "Starts: 2026-12-20 07:30 (America/New_York)" in page


def test_each_ticket_has_a_page_of_its_own():
    tickets = [printed(seat_number=str(number)) for number in range(5)]

    pages = pages_of(render_tickets(tickets))

    assert [ticket.code in page for ticket, page in zip(tickets, pages, strict=True)] == [True] * 5


def test_the_same_tickets_make_the_same_bytes():
    tickets = [printed(), printed(status="refunded")]

    assert render_tickets(tickets) == render_tickets(tickets)


def test_documents_made_at_the_same_time_do_not_mix():
    titles = [LETTERS[start : start + 9] for start in range(0, 72, 3)]
    tickets = [printed(event_title=title) for title in titles]
    alone = [render_tickets([ticket]) for ticket in tickets]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda ticket: render_tickets([ticket]), tickets))

    assert together == alone


def test_many_pages_need_little_memory_and_leave_none_behind():
    render_tickets([printed()])  # the fonts stay
    gc.collect()
    tracemalloc.start()
    pdf = render_tickets(printed() for _ in range(100))
    _, peak = tracemalloc.get_traced_memory()
    size = len(pdf)
    del pdf
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size < 500_000
    assert peak < 10_000_000
    assert kept < 500_000


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
