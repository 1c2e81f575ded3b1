"""What the tests of the customers' own pages share."""

from __future__ import annotations

import html
import re

from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.models import Order
from payments.models import Payment
from refunds.models import Refund, RefundTicket


def page_of(order, rest=""):
    return f"/orders/{order.code}/{rest}"


def text_of(answer):
    """What a person reads of a page: its main part without tags, in single spaces."""
    page = answer.content.decode()
    main = re.search(r"<main.*?</main>", page, re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", main[0]).split()))


def hidden(answer, name):
    """The value of a hidden field."""
    return re.search(rf'name="{name}" value="([^"]+)"', answer.content.decode())[1]


def everything():
    """All that a customer could change."""
    return [
        *(list(model.objects.order_by("pk").values()) for model in (Order, Payment, Refund)),
        list(RefundTicket.objects.order_by("pk").values()),
        StateLog.objects.count(),
        Job.objects.count(),
    ]
