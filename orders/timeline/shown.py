"""A timeline as its page shows it: by days of the showing's zone, with links that can be opened."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from jobs.subjects import address_of
from orders.models import Order
from orders.timeline.parts import Entry, Kind, Reader
from ticketing.step_words import Flow

ICONS = {
    Kind.SEATS: "event_seat",
    Kind.MESSAGE: "forum",
    Kind.EVENT: "event",
    Kind.CAMPAIGN: "campaign",
    Kind.PAYMENT: "payments",
    Kind.CASE: "report",
    Kind.REFUND: "undo",
    Kind.REVERSAL: "currency_exchange",
    Kind.ORDER: "shopping_cart",
    Kind.TICKET: "confirmation_number",
    Kind.MAIL: "mail",
    Kind.JOB: "schedule",
}
SIGNS = {Flow.CAME: "+", Flow.WENT: "−", Flow.NAMED: ""}


@dataclass(frozen=True)
class Line:
    """One entry, ready to be shown. Those whom its row is not for get no `link` and `details`."""

    entry: Entry
    at: datetime
    icon: str
    amount: str
    link: str
    details: str


def days_of(
    entries: Iterable[Entry], order: Order, reader: Reader
) -> list[tuple[date, list[Line]]]:
    """The lines of each day, in the order of the entries."""
    lines = [_line(entry, order, reader) for entry in entries]
    return [(day, list(of_day)) for day, of_day in groupby(lines, lambda line: line.at.date())]


def _line(entry: Entry, order: Order, reader: Reader) -> Line:
    opens = entry.row is not None and reader.opens(entry.row.model)
    amount = "" if entry.amount is None else order.price_tag(entry.amount)
    return Line(
        entry,
        at=entry.at.astimezone(order.showing.zone),
        icon=ICONS[entry.kind],
        amount=f"{SIGNS[entry.flow]}{amount}",
        link=address_of(*entry.row) if opens and entry.row else "",
        details=_text(entry) if opens and entry.details else "",
    )


def _text(entry: Entry) -> str:
    return json.dumps(entry.details, indent=2, ensure_ascii=False)
