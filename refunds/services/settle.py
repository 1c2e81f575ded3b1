"""An admin settles by hand what the payment provider did not carry out.

With a `shown_amount`, or a `shown_try`, nothing is done unless that is still the refund's amount,
or its latest try and how far that is: what the admin found out was about that.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import Order
from payments.models import Payment, Reversal
from payments.operations.reversals import close_reversal
from refunds.errors import NoteRequired, RefundNotFailed, TryMoved
from refunds.models import Refund, RefundStatus
from refunds.operations import decisions, payouts
from ticketing.roles import require_admin


@transaction.atomic(durable=True)
def retry_refund(
    *,
    refund_id: int,
    by: User,
    note: str,
    shown_amount: Decimal | None = None,
    shown_try: str = "",
) -> Refund:
    """Tell the provider once more, by a new reversal.

    If nobody knows what became of the last one, `note` has to say how it was made sure that the
    provider did nothing: that reversal is closed with it. Locks order, payment, reversal, refund.
    Raises NotAllowed, NoteRequired, AmountChanged, TryMoved, and RefundNotFailed also where there
    is nothing that could be sent.
    """
    now = timezone.now()
    payments, refund = _locked(refund_id, by, note, shown_amount, shown_try)
    _check_not_back(refund)
    _close_open_reversal(refund, succeeded=False, by=by, at=now, note=note)
    for payment in payments.values():
        # The closed reversal has given its part of it free. Of one field only: reading a status
        # again takes its protection away for a moment, from all threads.
        payment.refresh_from_db(fields=["reversed_amount"])
    if not payouts.send_back([refund], payments, by=by, at=now, note=note.strip()):
        raise RefundNotFailed(
            _("Another refund of the same payment is on its way. Try again when it is over.")
        )
    if refund.status == RefundStatus.PAYMENT_FAILED:
        why = refund.provider_error["message"]
        raise RefundNotFailed(_("Nothing can be sent to the provider. {why}").format(why=why))
    return refund


@transaction.atomic(durable=True)
def mark_refund_paid(
    *,
    refund_id: int,
    by: User,
    evidence: str,
    by_provider: bool = False,
    shown_amount: Decimal | None = None,
    shown_try: str = "",
) -> Refund:
    """Record that the money is back by other means, or `by_provider`, who did it after all.

    `evidence` says how one can see it: a transfer's number, the provider's portal. Tickets, seats
    and order follow as for any refund. What went back by other means becomes a case if the
    provider does it as well. Locks order, payment, reversal, refund, tickets by ascending id
    and seats. Raises NotAllowed, NoteRequired, RefundNotFailed, AmountChanged, TryMoved.
    """
    now = timezone.now()
    _payments, refund = _locked(refund_id, by, evidence, shown_amount, shown_try)
    _close_open_reversal(refund, succeeded=by_provider, by=by, at=now, note=evidence)
    refund.payout_evidence = evidence.strip()
    refund.save(update_fields=["payout_evidence"])
    found = decisions.Locked(refund, decisions.lock_tickets(refund))
    payouts.finish([found], by=by, at=now, why=lambda _refund: evidence.strip())
    return refund


@transaction.atomic(durable=True)
def mark_refund_failed(
    *,
    refund_id: int,
    by: User,
    reason: str,
    shown_amount: Decimal | None = None,
    shown_try: str = "",
) -> Refund:
    """Record that no money goes back by this refund: what it had set aside is free again.

    Its tickets let people in again and can be asked back once more. Locks as `mark_refund_paid`.
    Raises NotAllowed, NoteRequired, RefundNotFailed, AmountChanged, TryMoved.
    """
    now = timezone.now()
    _payments, refund = _locked(refund_id, by, reason, shown_amount, shown_try)
    _check_not_back(refund)
    _close_open_reversal(refund, succeeded=False, by=by, at=now, note=reason)
    found = decisions.Locked(refund, decisions.lock_tickets(refund))
    payouts.give_up(found, by=by, at=now, reason=reason.strip())
    return refund


def _locked(
    refund_id: int, by: User, note: str, shown_amount: Decimal | None, shown_try: str
) -> tuple[dict[int, Payment], Refund]:
    """The payment that gives it back, and the refund; still failed, and as shown."""
    require_admin(by, _("Only platform admins may settle a failed refund."))
    if not note.strip():
        raise NoteRequired(_("Say what was found at the provider, or how the money went back."))
    found = Refund.objects.select_related("case").get(pk=refund_id)
    order = Order.objects.get_for_update(found.order_id)
    payments = payouts.lock_payments([found])
    if found.reversal_id:
        # For the lock alone: `refund.reversal` is read behind it.
        Reversal.objects.get_for_update(found.reversal_id)
    refund = Refund.objects.get_for_update(refund_id)
    refund.order = order
    # Looked at under the locks: the provider's word may have come in just before.
    if refund.status != RefundStatus.PAYMENT_FAILED:
        raise RefundNotFailed(
            _("The refund is {status}.").format(status=refund.get_status_display())
        )
    decisions.check_as_shown(order, shown_amount, refund.amount)
    if shown_try not in ("", refund.latest_try):
        raise TryMoved(
            _("It has got further since you opened the page. Look it up at the provider once more.")
        )
    return payments, refund


def _close_open_reversal(
    refund: Refund, *, succeeded: bool, by: User, at: datetime, note: str
) -> None:
    reversal = refund.reversal
    if reversal is not None and reversal.status in Reversal.OPEN:
        close_reversal(reversal, succeeded=succeeded, by=by, at=at, reason=note.strip())


def _check_not_back(refund: Refund) -> None:
    if refund.reversal is not None and refund.reversal.status == Reversal.Status.SUCCEEDED:
        raise RefundNotFailed(
            _("The provider says that the money is back; the refund is about to be finished.")
        )
