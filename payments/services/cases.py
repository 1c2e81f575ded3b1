"""People report what is wrong with a payment, and decide about it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from payments.errors import CaseBeingPaidBack, CaseOpenAlready, CaseResolvedAlready
from payments.locks import lock_payment
from payments.models import GOES_BACK, CaseKind, Payment, PaymentCase
from ticketing.roles import REPORT_CASE, require
from ticketing.transition_log import note as log_note


@transaction.atomic(durable=True)
def report_case(*, payment_id: int, by: User, note: str) -> PaymentCase:
    """Open a case about a payment for an admin to decide. It moves no money and owes none.

    Locks order, payment: the case names both. Raises NotAllowed, or CaseOpenAlready while another
    report is undecided.
    """
    payment = lock_payment(Payment.objects.get(pk=payment_id))
    require(by, REPORT_CASE, payment.order.event, _("Ask support to open a case."))
    if payment.cases.open().filter(kind=CaseKind.REPORTED).exists():
        raise CaseOpenAlready(_("A report about this payment waits for its decision."))
    now = timezone.now()
    case = PaymentCase.objects.create(
        kind=CaseKind.REPORTED,
        payment=payment,
        order=payment.order,
        provider=payment.provider,
        txn_ref=payment.txn_ref,
        amount=payment.amount,
        description=note,
        opened_at=now,
    )
    log_note(case, "report", by=by, at=now, reason=note)
    return case


@transaction.atomic(durable=True)
def resolve_case(*, case_id: int, by: User, decision: str) -> PaymentCase:
    """Close an open case with the decision taken. Repeating it changes nothing.

    Locks payment, case. Raises CaseResolvedAlready if another decision was taken before, and
    CaseBeingPaidBack for late or second money that is on its way back: whoever decides otherwise
    in that moment would pay it twice.
    """
    found = PaymentCase.objects.get(pk=case_id)
    # Who pays it back locks it first, and the case then.
    if found.payment_id:
        Payment.objects.get_for_update(found.payment_id)
    case = PaymentCase.objects.get_for_update(case_id)
    if case.status == PaymentCase.Status.OPEN:
        _check_stays(case)
        case.resolve(by=by, at=timezone.now(), reason=decision)
        case.save()
    elif case.decision != decision:
        raise CaseResolvedAlready(
            _("It was resolved already: “{decision}”. Yours was not kept.").format(
                decision=case.decision
            )
        )
    return case


def _check_stays(case: PaymentCase) -> None:
    """Raise CaseBeingPaidBack if the whole payment goes back by itself right now."""
    if case.payment is None or case.kind not in GOES_BACK:
        return
    if case.payment.reversals.standing().exists():
        raise CaseBeingPaidBack(_("The case closes by itself when the money is back. Wait for it."))
