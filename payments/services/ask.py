"""Ask a provider what became of one attempt. One place, so that nobody is asked too often."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from payments.models import Channel, Payment
from payments.providers import Provider, Result, get_provider
from payments.services.messages import log_message


def ask(payment: Payment, *, now: datetime) -> tuple[Result, datetime] | None:
    """What the provider says, and when it said so; None if it is too soon to ask again.

    Question and answer are kept as messages, if any was sent. Call it outside any transaction. Of
    several callers at the same moment one asks. Raises UnknownProvider.
    """
    provider = get_provider(payment.provider)
    if not _claim(payment, provider, now):
        return None
    answer = provider.query(payment, now)
    at = timezone.now()
    # Kept after the call, unlike a request for money back: a question that is lost has moved
    # nothing.
    if answer.result.was_asked:
        log_message(provider, Channel.QUERY, answer.sent, txn_ref=payment.txn_ref, at=now)
        log_message(provider, Channel.ANSWER, answer.received, txn_ref=payment.txn_ref, at=at)
    return answer.result, at


def _claim(payment: Payment, provider: Provider, now: datetime) -> bool:
    """Take the right to ask now. A rival's claim is seen, because the row itself is compared."""
    long_ago = Q(queried_at__isnull=True) | Q(queried_at__lte=now - provider.query_interval)
    return Payment.objects.filter(long_ago, pk=payment.pk).update(queried_at=now) == 1
