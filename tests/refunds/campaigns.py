"""What the tests of campaigns share: an event that is off, and the work on its campaign."""

from __future__ import annotations

import time

from jobs.models import Job
from orders.models import Order
from payments.providers import Customer
from payments.services import start_payment
from refunds.models import CampaignOrder, Refund, RefundCampaign, RefundReason
from refunds.services import advance_campaign, prepare_campaign, start_campaign
from tests.factories import CustomerFactory
from tests.refunds.stand_in import bought, work
from ticketing.services import confirm_cancellation

PATIENCE = 20.0
ORDERS = 12  # of the event `sold`


def buy(vnpay, client, showing, count=2, **area):
    """An order that was paid at the stand-in by a new customer; its payment."""
    return bought(vnpay, client, showing, CustomerFactory(), count, **area)


def cancel(event, admin, *, leaves_campaign_to_us=True):
    """Cancel the event; its campaign is ours to start unless told otherwise."""
    confirm_cancellation(event_id=event.pk, by=admin, reason="It rains.")
    if leaves_campaign_to_us:
        Job.objects.filter(topic="ticketing.event_cancelled").delete()


def prepare(event, admin, **scope):
    return prepare_campaign(event_id=event.pk, reason=RefundReason.CANCELLED, by=admin, **scope)


def start(event, admin, **scope):
    campaign = prepare(event, admin, **scope)
    return start_campaign(campaign_id=campaign.pk, by=admin, reason="It rains.")


def finish(campaign):
    """Work until the campaign is over, or nothing more happens without a person."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        work()
        if advance_campaign(campaign_id=campaign.pk) is None:
            break
    return RefundCampaign.objects.get(pk=campaign.pk).status


def take_up(campaign):
    """Approve what waits, without anything being paid back."""
    advance_campaign(campaign_id=campaign.pk)


def entry(campaign, order):
    return CampaignOrder.objects.get(campaign=campaign, order=order)


def entries(campaign):
    """The orders' entries by state, and how many there are of each."""
    states = campaign.orders.order_by("pk").values_list("status", flat=True)
    return {status: list(states).count(status) for status in set(states)}


def books(order):
    """Status, what went back, and what is still reserved, in VND."""
    now = Order.objects.get(pk=order.pk)
    return now.status, int(now.refunded_amount), int(now.refund_reserved_amount)


def refuse(vnpay, payment):
    """Have the provider take the next refunds of a payment and refuse them in the end."""
    vnpay.set_weather(payment.txn_ref, refund_outcome="processing_then_rejected")


def wait_for(refund, status):
    """Work until a refund is that far."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        work()
        if Refund.objects.get(pk=refund.pk).status == status:
            return
    raise AssertionError(f"The refund is {Refund.objects.get(pk=refund.pk).status}.")


def begin_to_pay(vnpay, order):
    """An attempt to pay whose link is open at the stand-in."""
    attempt = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
    vnpay.open(attempt.payment_url)
    return attempt


def all_given_back(vnpay):
    """Every refund at the stand-in, in VND, by payment."""
    transactions = vnpay.control("GET", "transactions")["transactions"]
    return [[each["amount"] // 100 for each in paid["refunds"]] for paid in transactions]
