"""How a ticket is drawn: letters, long names, zones, many pages."""

from __future__ import annotations

import gc
import io
import tracemalloc
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pypdfium2
import pytest
from django.utils import translation
from pypdf import PdfReader
from reportlab.pdfbase import pdfmetrics

from orders.ticket_pdf import render_tickets
from tests.orders.ticket_papers import pages_of, printed, scanned

# Every Vietnamese letter with every tone, in both cases.
VOWELS = "aăâeêioôơuưy"
TONES = ["", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"]
LETTERS = unicodedata.normalize("NFC", "".join(v + t for v in VOWELS for t in TONES) + "đ")


def in_one_line(text):
    """As people read it: where a line was broken does not matter."""
    return " ".join(text.split())


def ink_outside(pdf, *, margin):
    """Dots that are not white closer to the edge than `margin` points."""
    [page] = pypdfium2.PdfDocument(pdf)
    image = page.render(scale=1).to_pil().convert("L")
    inner = (margin, margin, image.width - margin, image.height - margin)
    image.paste(255, inner)
    return sum(image.histogram()[:250])


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
    [page] = pages_of(render_tickets([printed(time_zone="America/New_York")]))

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
