"""Cases about money given back that the version before `CaseKind.GIVEN_BACK` has opened."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from payments.models import CaseKind, CaseStatus, PaymentCase

# What each has to be filed under, as migration 0010 did: the version before may have opened some
# until it served no more. None for those that are about a payment itself.
FOUND = r"""
WITH found AS (
    SELECT c.id, c.provider, c.status, c.txn_ref AS filed, CASE WHEN c.txn_ref = p.txn_ref
        THEN p.txn_ref || '/' || coalesce(
            substring(c.description FROM '^The reversal (\S+) of '),
            substring(c.description FROM ' given back as (\S+)\. Nothing was changed\.'))
        ELSE c.txn_ref END AS reference
    FROM payments_paymentcase c
    JOIN payments_payment p ON p.id = c.payment_id
    WHERE c.kind = 'contradicted')
"""
TOLD_TWICE = f"""
{FOUND}
SELECT DISTINCT ON (found.id) found.id, other.id
FROM found JOIN payments_paymentcase other ON other.provider = found.provider
    AND other.txn_ref = found.reference AND other.kind IN ('contradicted', 'given_back')
WHERE found.status = 'open' AND other.status = 'open' AND other.id <> found.id
ORDER BY found.id, other.kind = 'given_back' DESC
"""
FILE = f"""
{FOUND}
UPDATE payments_paymentcase c SET txn_ref = found.reference
FROM found WHERE found.id = c.id AND found.reference <> found.filed
"""


@transaction.atomic(durable=True)
def turn_earlier_cases() -> int:
    """File them under the number of their refund, and give them their kind; how many got it.

    Of several that are open about the same refund one stays: this version's, or else the one that
    was there first. The others are closed for it. Repeating it changes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(TOLD_TWICE)
        for told_again, stays in cursor.fetchall():
            _close(told_again, stays)
        cursor.execute(FILE)
    earlier = PaymentCase.objects.filter(kind=CaseKind.CONTRADICTED, payment__isnull=False)
    # Told by the reference, which has the number of the refund behind that of the payment.
    of_refunds = earlier.exclude(txn_ref=F("payment__txn_ref"))
    return of_refunds.update(kind=CaseKind.GIVEN_BACK)


def _close(told_again: int, stays: int) -> None:
    case = PaymentCase.objects.get_for_update(told_again)
    if case.status == CaseStatus.OPEN:  # nobody has decided about it meanwhile
        case.resolve(by=None, at=timezone.now(), reason=f"Case {stays} tells of the same refund.")
        case.save()
