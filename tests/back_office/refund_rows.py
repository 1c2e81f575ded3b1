"""Refunds in every state that a person meets, and browsers that decide about them."""

from __future__ import annotations

import re

from django.urls import reverse

from payments.models import Reversal
from refunds.models import CampaignOrder, RefundCampaign, RefundOverride
from refunds.policy import Reason
from refunds.services import (
    approve_refund,
    pay_back,
    record_unclear_reversal,
    reject_refund,
    request_refund,
)
from tests.factories import (
    EventFactory,
    from_now,
    paid_order,
    reread,
    seats_in_area,
    showing_with_sale_end,
)
from tests.refunds.test_requests import everything
from tests.ticketing.event_states import move, new_admin

LIST = reverse("admin:refunds_refund_changelist")

# What is posted to each page, by the names of the use case's arguments.
STEPS = {
    "approve": {},
    "reject": {"reason": "The hall is booked."},
    "override": {"percentage": 100, "note": "It was our fault."},
    "retry": {"note": "The portal shows no refund."},
    "mark_paid": {"evidence": "Bank transfer FT26325001."},
    "mark_failed": {"reason": "The card was stolen."},
}
SETTLING = ["retry", "mark_paid", "mark_failed"]


def bought(event=None, *, count=2, price=500_000, **fields):
    """A paid order; 80 % of it go back for a personal reason."""
    showing = showing_with_sale_end(days=10)
    if event is not None:
        type(showing).objects.filter(pk=showing.pk).update(event=event)
    return paid_order(seats_in_area(count, showing=reread(showing), price=price), **fields)


def asked(order, reason=Reason.PERSONAL):
    return request_refund(order_id=order.pk, requester=order.customer, reason=reason)


def asked_after_postponing(order):
    """It is for the platform to decide."""
    move(order.event, "postpone")
    return asked(order, Reason.POSTPONED)


def failed(refund, **said):
    """Approved, sent, and nobody knows what the provider did."""
    approve_refund(refund_id=refund.pk, by=new_admin())
    return sent_in_vain(refund, **said)


def sent_in_vain(refund, **said):
    """It was approved; sent, nobody knows what the provider did."""
    reversal = pay_back(refund_id=refund.pk).reversal
    reversal.send(by=None, at=from_now(), reason="The test sends it.", request={})
    reversal.doubt(by=None, at=from_now(), reason="The test gets no answer.")
    reversal.save()
    Reversal.objects.filter(pk=reversal.pk).update(**said)
    record_unclear_reversal(reversal_id=reversal.pk)
    return reread(refund)


def rejected(refund, reason):
    return reject_refund(refund_id=refund.pk, by=new_admin(), reason=reason)


def page_of(row, step="change"):
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{step}"
    return reverse(name, args=[row.pk])


def stored():
    """All that a decision about money could change."""
    models = (RefundOverride, RefundCampaign, CampaignOrder, Reversal)
    return everything() + [list(model.objects.order_by("pk").values()) for model in models]


def status(row):
    return type(row).objects.get(pk=row.pk).status


def own_event(browser, **fields):
    return EventFactory(organizer=browser.user.organizers.get(), **fields)


def html(browser, page, query=None):
    answer = browser.get(page, query)
    assert answer.status_code == 200
    return answer.content.decode()


def offered(browser, refund):
    """The decisions that the refund's page has buttons for."""
    found = re.findall(
        rf"/admin/refunds/refund/{refund.pk}/([a-z-]+)/", html(browser, page_of(refund))
    )
    return {name.replace("-", "_") for name in found} - {"change", "history"}


def decide(browser, refund, step, **given):
    return browser.post(page_of(refund, step), STEPS[step] | given, follow=True)


def told(answer):
    return answer.content.decode()
