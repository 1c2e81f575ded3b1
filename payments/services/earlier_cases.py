"""Cases about money given back that the version before `CaseKind.GIVEN_BACK` has opened."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef

from payments.models import CaseKind, PaymentCase

# As migration 0010 did: the version before may have opened some until it served no more.
FILE = r"""
WITH found AS (
    SELECT c.id, c.provider, p.txn_ref || '/' || coalesce(
        substring(c.description FROM '^The reversal (\S+) of '),
        substring(c.description FROM ' given back as (\S+)\. Nothing was changed\.')
    ) AS reference
    FROM payments_paymentcase c
    JOIN payments_payment p ON p.id = c.payment_id AND p.txn_ref = c.txn_ref
    WHERE c.kind = 'contradicted')
UPDATE payments_paymentcase c SET txn_ref = found.reference
FROM found WHERE found.id = c.id AND found.reference IS NOT NULL
    AND NOT EXISTS (SELECT FROM payments_paymentcase other
        WHERE other.provider = found.provider AND other.txn_ref = found.reference
            AND other.kind = 'contradicted' AND other.status = 'open' AND c.status = 'open')
"""


@transaction.atomic(durable=True)
def turn_earlier_cases() -> int:
    """File them under the number of their refund, and give them their kind; how many got it.

    One that this version has opened anew since then is left beside the earlier one, for a person to
    close both. Repeating it changes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(FILE)
    told_again = PaymentCase.objects.open().filter(
        kind=CaseKind.GIVEN_BACK, provider=OuterRef("provider"), txn_ref=OuterRef("txn_ref")
    )
    earlier = PaymentCase.objects.filter(kind=CaseKind.CONTRADICTED, payment__isnull=False)
    of_refunds = earlier.exclude(txn_ref=F("payment__txn_ref"))
    return of_refunds.filter(~Exists(told_again)).update(kind=CaseKind.GIVEN_BACK)
