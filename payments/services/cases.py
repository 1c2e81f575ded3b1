"""A person decides about money that did not come as planned."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from payments.models import PaymentCase


@transaction.atomic(durable=True)
def resolve_case(*, case_id: int, by: User, decision: str) -> PaymentCase:
    """Close an open case with the decision taken. Repeating it changes nothing. Locks the case."""
    case = PaymentCase.objects.select_for_update().get(pk=case_id)
    if case.status == PaymentCase.Status.OPEN:
        case.resolve(by=by, at=timezone.now(), reason=decision)
        case.save()
    return case
