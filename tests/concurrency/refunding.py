"""What races about refunds share: what everybody does, and what is looked at afterwards."""

from __future__ import annotations

from functools import partial

from django_fsm_log.models import StateLog

from jobs.models import Job
from payments.providers import RefundState
from refunds.policy import Reason
from refunds.services import (
    approve_refund,
    override_refund,
    pay_back,
    record_reversal,
    reject_refund,
)
from tests.factories import paid_order, reread, seats_in_area, showing_with_sale_end
from tests.refunds.moved import approved, ask, postpone, processing, say, tickets_of


def order_of(count, showing=None):
    """Paid, with that many tickets of 500,000 VND; 80 % go back for a personal reason."""
    return paid_order(seats_in_area(count, showing=showing or showing_with_sale_end(days=10)))


def asks(order, tickets=None, reason=Reason.PERSONAL):
    return partial(ask, order, tickets, reason)


def approves(refund, by):
    return lambda: approve_refund(refund_id=refund.pk, by=by)


def rejects(refund, by):
    return lambda: reject_refund(refund_id=refund.pk, by=by, reason="The hall is booked.")


def overrides(refund, percentage, by):
    return lambda: override_refund(
        refund_id=refund.pk, percentage=percentage, by=by, note="Looked at it."
    )


def pays_back(refund):
    return lambda: pay_back(refund_id=refund.pk)


def records(refund):
    return partial(record_reversal, reversal_id=reread(refund).reversal_id)


def times(count, *actions):
    return [action for action in actions for _ in range(count)]


def reserved(order):
    return reread(order).refund_reserved_amount


def moves(refund, transition):
    log = StateLog.objects.for_(refund)
    return log.filter(transition=transition).count()


def jobs_for(refund):
    return Job.objects.filter(topic="refunds.pay_back", payload={"refund_id": refund.pk}).count()


def topped_up():
    """All of its tickets are in an approved refund of 80 %; 90 % are offered now."""
    order = order_of(3)
    approved(order, tickets_of(order))
    postpone(order.event_id)
    return order


def under_way(order):
    """Its money has just arrived; nobody has recorded it."""
    refund = processing(order, None)
    say(refund.reversal_id, RefundState.DONE)
    return refund
