"""A real VNPay stand-in under the refunds, and the work that jobs would do."""

from __future__ import annotations

import time

from jobs.models import Job, JobStatus
from jobs.services import run_due_jobs
from payments.models import Payment
from payments.providers import Customer
from payments.services import start_payment
from refunds.models import Refund
from tests.factories import placed_order, seats_in_area
from tests.sandbox.protocol import link

UNDER_WAY = ("approved", "processing")


def bought(vnpay, client, showing, customer, count=2, **area):
    """An order that was paid at the stand-in; its payment."""
    seats = seats_in_area(count, showing=showing, **area)
    order = placed_order(seats, customer=customer)
    payment = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
    vnpay.open(link(dict(payment.provider_request)))
    vnpay.decide(payment.txn_ref, "success")
    call_ipn(vnpay, client, payment)
    return Payment.objects.select_related("order").get(pk=payment.pk)


def call_ipn(vnpay, client, payment):
    callback = vnpay.transaction(payment.txn_ref)["callback"]
    answer = client.get(f"/payments/vnpay/ipn/?{callback}")
    assert answer.json()["RspCode"] == "00"


def work(rounds=12):
    """What the relay, QStash and the workers would do, without waiting."""
    for _ in range(rounds):
        if not run_due_jobs():
            return


def dead_jobs():
    return list(Job.objects.filter(status=JobStatus.DEAD).values_list("topic", "last_error"))


def given_back(vnpay, payment):
    """The refunds that the stand-in took for a payment, in VND, rejected ones left out."""
    refunds = vnpay.transaction(payment.txn_ref)["refunds"]
    return [each["amount"] // 100 for each in refunds if each["final_status"] != "09"]


def wait_for_the_bank(refund):
    """Work until the refund is over: the stand-in takes its time for some. Its status then."""
    deadline = time.monotonic() + 10
    while (status := _status(refund)) in UNDER_WAY and time.monotonic() < deadline:
        work()
    return status


def _status(refund):
    return Refund.objects.values_list("status", flat=True).get(pk=refund.pk)
