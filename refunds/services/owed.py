"""Late and second payments go back in full, and nobody has to decide it (design section 5)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from orders.models import Order
from payments.models import PaymentCase
from refunds.models import Refund
from refunds.operations import decisions
from refunds.operations.claims import REASONS, claim_for_case


@transaction.atomic(durable=True)
def refund_case(*, case_id: int) -> Refund | None:
    """Approve the refund of a late or second payment; None if the case is none or is closed.

    It is counted against the payment and not against the order. Safe to repeat. Locks the order,
    then the case.
    """
    now = timezone.now()
    found = PaymentCase.objects.get(pk=case_id)
    if found.kind not in REASONS or found.order_id is None:
        return None
    order = Order.objects.get_for_update(found.order_id)
    case = PaymentCase.objects.get_for_update(case_id)
    # Read under the lock of the case: the job may run twice at the same time.
    earlier = case.refunds.first()
    if earlier or case.status != PaymentCase.Status.OPEN:
        return earlier
    refund = decisions.create(claim_for_case(order, case, now), by=None)
    locked = decisions.Locked(refund, [])
    decisions.approve([locked], by=None, at=now, reason=f"{case}")
    return refund
