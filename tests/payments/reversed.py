"""What the tests of reversals share: opening, following, and looking at both sides' books."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jobs.models import Job
from orders.models import Order
from payments.invariants import RULES
from payments.models import Payment, PaymentCase, Reversal
from payments.operations.reversals import Wish, close_reversal, open_reversals
from payments.services import advance_reversal
from tests.sandbox_process import wait_until
from ticketing.invariants import violations

ENDED, UNCLEAR = "payments.reversal_ended", "payments.reversal_unclear"


def give_back(payment, amount=None, **wish):
    """Open a reversal as the app above does: under the locks of order and payment."""
    with transaction.atomic():
        Order.objects.get_for_update(payment.order_id)
        locked = Payment.objects.get_for_update(payment.pk)
        given = {"reason": "Hoàn tiền | vé #1", "requested_by": "refund-1", **wish}
        wished = Wish(locked, payment.amount if amount is None else amount, **given)
        [opened] = open_reversals([wished], at=timezone.now())
    if not isinstance(opened, Reversal):
        raise opened
    return opened


def decide(reversal, *, succeeded, by):
    """Close a reversal as the app above does for an admin."""
    with transaction.atomic():
        Order.objects.get_for_update(reversal.payment.order_id)
        Payment.objects.get_for_update(reversal.payment_id)
        return close_reversal(
            reversal, succeeded=succeeded, by=by, at=timezone.now(), reason="Looked up at VNPay."
        )


def advance(reversal):
    """One step that is due now; when to come back."""
    Reversal.objects.filter(pk=reversal.pk, due_at__isnull=False).update(due_at=timezone.now())
    return advance_reversal(reversal.pk)


def advance_until(reversal, *wanted):
    """Step by step, as jobs do, for as long as VNPay takes."""

    def is_there():
        advance(reversal)
        return status(reversal) in wanted

    wait_until(is_there, seconds=10, what=f"a reversal that is {wanted}")


def status(reversal):
    return Reversal.objects.get(pk=reversal.pk).status


def reversed_amount(payment):
    return Payment.objects.get(pk=payment.pk).reversed_amount


def let_reversals_wait(**delta):
    """Move everything about reversals into the past."""
    shift = timedelta(**delta)
    Reversal.objects.update(
        created_at=F("created_at") - shift,
        due_at=F("due_at") - shift,
        called_at=F("called_at") - shift,
        sent_at=F("sent_at") - shift,
    )
    Payment.objects.update(queried_at=F("queried_at") - shift)


def refunds_at(vnpay, payment):
    """What VNPay gave back or is giving back: kinds and VND, oldest first."""
    refunds = vnpay.transaction(payment.txn_ref)["refunds"]
    return [(refund["transaction_type"], refund["amount"] // 100) for refund in refunds]


def calls_at(vnpay, payment, command="refund"):
    calls = vnpay.transaction(payment.txn_ref)["api_calls"]
    return sum(call["command"] == command for call in calls)


def facts(reversal):
    """The facts for the app above, oldest first."""
    jobs = Job.objects.filter(topic__in=[ENDED, UNCLEAR], payload={"reversal_id": reversal.pk})
    return list(jobs.order_by("pk").values_list("topic", flat=True))


def all_about_money():
    """What a refusal must leave as it was."""
    return [
        list(Payment.objects.order_by("pk").values()),
        list(Reversal.objects.order_by("pk").values()),
        list(PaymentCase.objects.order_by("pk").values()),
        Job.objects.count(),
    ]


def broken_rules():
    """The rules of payments that are broken. Those above want a refund for every reversal."""
    ours = {rule.name for rule in RULES}
    return {name: count for name, count in violations().items() if count and name in ours}
