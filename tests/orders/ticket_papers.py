"""Tickets as they are printed, and as they are read back."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal

import pypdfium2
import zxingcpp
from pypdf import PdfReader

from orders.models import Order, Ticket
from ticketing.models import Area, Event, Seat, Showing

STARTS_AT = datetime(2026, 12, 20, 12, 30, tzinfo=UTC)


def printed(
    *,
    is_standing=False,
    venue="",
    email="customer@example.org",
    time_zone="Asia/Ho_Chi_Minh",
    **fields,
):
    """A ticket that is in no database: printing needs none."""
    known = {
        "order": Order(code="7KQ2M9XWPA4T", email=email),
        "event": Event(venue=venue),
        "seat": Seat(area=Area(is_general_admission=is_standing)),
        "price": Decimal(500_000),
        "event_title": "Đêm nhạc Trịnh",
        "showing": Showing(starts_at=STARTS_AT, time_zone=time_zone),
        "area_name": "Stalls",
        "row_label": "A",
        "seat_number": "11",
    }
    return Ticket(**{**known, **fields})


def pages_of(pdf):
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def scanned(pdf):
    """What a scanner reads on each page, held against a screen of a hundred dots an inch."""
    return [
        [code.text for code in zxingcpp.read_barcodes(page.render(scale=100 / 72).to_pil())]
        for page in pypdfium2.PdfDocument(pdf)
    ]
