"""Scanning at the check-in page, and reading what it says."""

from __future__ import annotations

import re

from orders.models import Ticket
from tests.pages.my_pages import everything

DOORS = "/check-in/"


def door_of(showing, rest=""):
    return f"{DOORS}{showing.pk}/{rest}"


def scan(browser, showing, code, **fields):
    return browser.post(door_of(showing, "scan/"), {"ticket": code, **fields})


def outcome(answer):
    """What the answer says it came to: by the kind that colours it, and in words."""
    part = answer.content.decode()
    [kind] = re.findall(r'data-outcome="(\w+)"', part)
    return kind, " ".join(re.sub(r"<[^>]+>", " ", part).split())


def text_of_part(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def stored():
    return [*everything(), list(Ticket.objects.order_by("pk").values())]
