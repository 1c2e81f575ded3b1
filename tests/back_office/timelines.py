"""How tests read the timeline of an order."""

from __future__ import annotations

import re
from html import unescape

from django.urls import reverse


def page_of(order):
    return reverse("admin:orders_order_timeline", args=[order.pk])


def story(browser, order):
    """What the page tells, line by line: the time, what happened, by whom and why, the amount."""
    answer = browser.get(page_of(order))
    assert answer.status_code == 200
    lines = re.findall(r'<li class="story-line.*?</li>', answer.content.decode(), re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", line)).split()) for line in lines]
