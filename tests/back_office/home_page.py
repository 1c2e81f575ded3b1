"""The first page of the back office as tests read it, and events that sell something."""

from __future__ import annotations

import re
from html import unescape

from tests.back_office.addresses import ADMIN
from tests.factories import ShowingFactory, paid_order, seats_in_area


def home(browser):
    answer = browser.get(ADMIN)
    assert answer.status_code == 200
    return answer


def rows_behind(browser, address):
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return answer.context["cl"].queryset


def text_of(cell):
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(str(cell))).split())


def link_of(cell):
    return unescape(re.search(r'href="([^"]+)"', str(cell))[1])


def table(browser, name="sales"):
    """A table of the page: for each row its cells' texts by the columns' titles."""
    shown = home(browser).context[name]
    return [dict(zip(shown["headers"], map(text_of, row), strict=True)) for row in shown["rows"]]


def sales_of(browser, event):
    [row] = [row for row in table(browser) if row["event"] == event.title]
    return row


def seats_on(event, count=2):
    return seats_in_area(count, showing=ShowingFactory(event=event))


def paid_at(moment, event):
    """Two tickets for a million."""
    return paid_order(seats_on(event), at=moment)
