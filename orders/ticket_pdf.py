"""Tickets as a PDF: a page for each, to print or to show on a telephone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from xml.sax.saxutils import escape

import segno
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib.colors import black, grey, red, white
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepInFrame, Paragraph, Spacer

from orders.models import Ticket

FONTS = Path(__file__).parent / "fonts"  # DejaVu Sans: it has every Vietnamese letter
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"

WIDTH, HEIGHT = A5
MARGIN = 36
TEXT_WIDTH = WIDTH - 2 * MARGIN
QR_SIZE = 200  # points, with its quiet zone: a module of some 2 mm
QR_BOTTOM = 92
CODE_BASELINE = QR_BOTTOM - 14
ADVICE_TOP = CODE_BASELINE - 10
ADVICE_HEIGHT = ADVICE_TOP - 24
TEXT_BOTTOM = QR_BOTTOM + QR_SIZE + 4
TEXT_HEIGHT = HEIGHT - MARGIN - TEXT_BOTTOM
QUIET_ZONE = 4  # modules, as the standard wants it

# ReportLab's fonts can't be used by two documents at once; one at a time bounds the memory too.
_one_at_a_time = Lock()


def render_tickets(tickets: Iterable[Ticket]) -> bytes:
    """A page for each of these tickets, in the language that is active.

    They come with their order, event, showing and area (`TicketQuerySet.with_places`); this asks no
    database for them one by one. The same tickets make the same bytes.
    """
    with _one_at_a_time:
        _register_fonts()
        file = BytesIO()
        # Invariant: without the moment at which it was made, the same tickets make the same bytes.
        canvas = Canvas(file, pagesize=A5, pageCompression=1, invariant=1, lang=get_language())
        for ticket in tickets:
            _draw_page(canvas, ticket)
        canvas.save()
        return file.getvalue()


@cache
def _register_fonts() -> None:
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, FONTS / f"{name}.ttf"))


def _draw_page(canvas: Canvas, ticket: Ticket) -> None:
    canvas.setTitle(_printable(ticket.event_title))
    _draw_fitting(canvas, list(_words(ticket)), top=HEIGHT - MARGIN, height=TEXT_HEIGHT)
    _draw_qr(canvas, ticket.code)
    canvas.setFont(BOLD, 11)
    canvas.setFillColor(black)
    canvas.drawCentredString(WIDTH / 2, CODE_BASELINE, ticket.code)
    if ticket.status == Ticket.Status.REFUNDED:
        _draw_across(canvas, _("Refunded, not valid"))
    elif ticket.is_void:
        _draw_across(canvas, _("Not valid"))
    else:
        _draw_fitting(canvas, [_text(_advice(), size=8)], top=ADVICE_TOP, height=ADVICE_HEIGHT)
    canvas.showPage()


def _words(ticket: Ticket) -> Iterator[Flowable]:
    yield _text(ticket.event_title, size=18, font=BOLD)
    yield Spacer(1, 8)
    for label, value in _facts(ticket):
        if value:
            yield _text(f"{label}: {value}", size=10)


def _facts(ticket: Ticket) -> Iterator[tuple[str, str]]:
    yield _("Starts"), ticket.showing.local(ticket.showing.starts_at)  # maybe put off since
    yield _("Venue"), ticket.event.venue
    yield _("Area"), ticket.area_name
    if ticket.seat.area.is_general_admission:
        yield _("Seat"), _("Any place in this area")
    else:
        yield _("Row"), ticket.row_label
        yield _("Seat"), ticket.seat_number
    yield _("Price"), ticket.order.price_tag(ticket.price)
    yield _("Order"), ticket.order.code
    yield _("Holder"), ticket.order.email


def _advice() -> str:
    return _("Show this code at the entrance. It lets one person in, once: keep it to yourself.")


def _text(text: str, *, size: int, font: str = PLAIN) -> Paragraph:
    style = ParagraphStyle(font, fontName=font, fontSize=size, leading=size * 1.4)
    return Paragraph(escape(_printable(text)), style)


def _printable(text: str) -> str:
    """Letters composed with their marks, as fonts draw them best, and no control characters."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(letter if letter.isprintable() else " " for letter in composed)


def _draw_fitting(canvas: Canvas, words: list[Flowable], *, top: float, height: float) -> None:
    """Draw text from `top` downwards; if it needs more than `height`, smaller."""
    frame = KeepInFrame(TEXT_WIDTH, height, words, mode="shrink")
    _width, needed = frame.wrapOn(canvas, TEXT_WIDTH, height)
    frame.drawOn(canvas, MARGIN, top - needed)


def _draw_qr(canvas: Canvas, code: str) -> None:
    modules = list(segno.make(code, error="m").matrix_iter(border=QUIET_ZONE))
    side = QR_SIZE / len(modules)
    left, top = (WIDTH - QR_SIZE) / 2, QR_BOTTOM + QR_SIZE
    canvas.setFillColor(white)
    canvas.rect(left, QR_BOTTOM, QR_SIZE, QR_SIZE, stroke=0, fill=1)
    drawing = canvas.beginPath()
    for y, row in enumerate(modules, start=1):
        for x, is_dark in enumerate(row):
            if is_dark:
                drawing.rect(left + x * side, top - y * side, side, side)
    canvas.setFillColor(black)
    canvas.drawPath(drawing, stroke=0, fill=1)


def _draw_across(canvas: Canvas, text: str) -> None:
    """Strike the QR code through, so that no scanner takes it, and say why over the whole page."""
    canvas.saveState()
    canvas.setFillColor(grey, alpha=0.85)
    canvas.rect((WIDTH - QR_SIZE) / 2, QR_BOTTOM, QR_SIZE, QR_SIZE, stroke=0, fill=1)
    canvas.setFillColor(red)
    canvas.translate(WIDTH / 2, HEIGHT / 2)
    canvas.rotate(50)
    size = 40 * min(1, 0.9 * HEIGHT / pdfmetrics.stringWidth(text, BOLD, 40))
    canvas.setFont(BOLD, size)
    canvas.drawCentredString(0, 0, text)
    canvas.restoreState()
