"""What a person has to do about a payment case, in words for whoever looks after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.models import CaseKind, CaseStatus, PaymentCase

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

NEXT_STEPS: dict[str, _StrPromise] = {
    CaseKind.LATE: gettext_lazy(
        "Nothing for now: the money goes back by itself, and the case closes then. If the provider "
        "refuses, its refund waits among those that failed; once that is given up, give the money "
        "back in another way and resolve the case."
    ),
    CaseKind.DUPLICATE: gettext_lazy(
        "Nothing for now: the money goes back by itself, and the case closes then. If the provider "
        "refuses, its refund waits among those that failed; once that is given up, give the money "
        "back in another way and resolve the case."
    ),
    CaseKind.AMOUNT_MISMATCH: gettext_lazy(
        "Look the payment up at the provider. Give back there what is owed, then resolve the case "
        "and say how."
    ),
    CaseKind.SUSPECTED_FRAUD: gettext_lazy(
        "Wait for the provider: the case closes by itself when it says paid or failed. Ask there "
        "if it takes longer than a day."
    ),
    CaseKind.UNKNOWN_REFERENCE: gettext_lazy(
        "Look the reference up at the provider, find out whose money it is and give it back there, "
        "then resolve the case and say how."
    ),
    CaseKind.ORPHANED: gettext_lazy(
        "Look the payment up at the provider. If it was paid, the next comparison gives the money "
        "back; if it was not, resolve the case."
    ),
    CaseKind.CONTRADICTED: gettext_lazy(
        "Look the payment up at the provider and find out who is right. If it says again that it "
        "was paid, the case closes by itself. Otherwise settle it with the provider, then resolve "
        "the case and say what was found: that changes neither the order nor its tickets."
    ),
    CaseKind.GIVEN_BACK: gettext_lazy(
        "Look up at the provider what went back, and who asked for it. If a refund that failed "
        "here was paid there, settle it as paid by hand; give back there what never arrived. Then "
        "resolve the case and say how."
    ),
    CaseKind.REPORTED: gettext_lazy(
        "Read what was reported and look at the timeline of the order. Then decide, and say what "
        "was found."
    ),
}
# While versions change, the one that leaves may be shown a case of a kind that only the next knows.
OF_THE_NEXT_VERSION = gettext_lazy(
    "Read what happened. What to do about it is told here once the update is through."
)


def next_step(case: PaymentCase) -> str:
    """What to do about the case now; of a case that is resolved, that nothing is to be done."""
    if case.status == CaseStatus.RESOLVED:
        return _("Nothing. It is decided.")
    if case.payment_id is None and case.kind == CaseKind.DUPLICATE:
        return _(
            "The provider took the money twice for one attempt, and only there can the second "
            "charge be given back. Do that, then settle the refund of this case."
        )
    return str(NEXT_STEPS.get(case.kind, OF_THE_NEXT_VERSION))
