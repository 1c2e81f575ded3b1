"""The admin of a shop under fire, who is asked where the provider does not say what it did."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from django.contrib.auth.models import User

from refunds.errors import RefundNotFailed
from refunds.models import Refund, RefundStatus
from refunds.services import retry_refund

NOTE = "The provider's books show no such refund."


def retry_refunds(admin: User, *, tell: Callable[[str], None]) -> None:
    """Have the provider told once more of each refund that waits for a person.

    One whose request was lost on its way does so after a few questions that nobody knows it by. If
    the provider did know of it after all, its books and ours differ in the end.
    """
    for refund in Refund.objects.filter(status=RefundStatus.PAYMENT_FAILED):
        with suppress(RefundNotFailed):  # another one of the same payment comes first
            retry_refund(refund_id=refund.pk, by=admin, note=NOTE)
            tell(f"Refund {refund.pk} is tried again: {refund.provider_error['message']}")
