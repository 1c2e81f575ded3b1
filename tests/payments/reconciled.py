"""What the tests of reconciling share: letting time pass, and looking at what it left."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from jobs.models import Job
from orders.models import Order, Ticket
from payments.models import Payment, PaymentCase
from tests.sandbox.protocol import refund_fields

WEEK = 7 * 24 * 60
COUNTS = ("asked", "agreed", "repaired", "cases", "unanswered", "failed")


def let_time_pass(minutes=16):
    """Move everything that happened so far into the past."""
    shift = timedelta(minutes=minutes)
    Order.objects.update(created_at=F("created_at") - shift, expires_at=F("expires_at") - shift)
    Payment.objects.update(
        created_at=F("created_at") - shift,
        expires_at=F("expires_at") - shift,
        paid_at=F("paid_at") - shift,
        queried_at=F("queried_at") - shift,
        reconciled_at=F("reconciled_at") - shift,
    )


def state(payment):
    payment = Payment.objects.select_related("order").get(pk=payment.pk)
    seats = set(payment.order.holds.values_list("seat__status", flat=True))
    return payment.status, payment.order.status, seats


def questions(vnpay, payment):
    """How often VNPay was asked about it."""
    return len(vnpay.transaction(payment.txn_ref)["api_calls"])


def cases():
    return sorted(PaymentCase.objects.values_list("kind", "status"))


def counts(report):
    """What did not come out as 0, agreed ones included."""
    return {name: getattr(report, name) for name in COUNTS if getattr(report, name)}


def everything():
    """All that reconciling could change, but for its own reports and times."""
    return [
        list(Payment.objects.order_by("pk").values("status", "provider_code", "paid_at")),
        list(Order.objects.order_by("pk").values("status", "paid_at")),
        list(PaymentCase.objects.order_by("pk").values()),
        Ticket.objects.count(),
        Job.objects.count(),
    ]


def give_back(vnpay, payment, amount, kind):
    """Have VNPay refund money without our doing; its number."""
    asked = refund_fields(payment.provider_request, int(amount), kind)
    answer = vnpay.http.post(vnpay.api_url, json=asked).json()
    assert answer["vnp_ResponseCode"] == "00"
    return answer["vnp_TransactionNo"]
