"""Drive the refunds that are due, with several calls to the provider at the same time."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from django.utils import timezone

from payments import services as payments
from payments.models import Reversal
from refunds.models import Refund
from refunds.services.pay_back import pay_back, record_reversal

logger = logging.getLogger(__name__)

BATCH = 200


def process_refunds(*, connections: int = 1, limit: int | None = None) -> Counter[str]:
    """Send approved refunds back and follow the reversals that are due, until none are.

    Without any queue: whatever the jobs have not done yet. Up to `connections` calls to the
    provider run at the same time, each with a database connection of its own. Returns how many
    were `sent` to the provider or `asked` about, `ended`, and `failed` with an error (logged).
    Any number of processes may do this at once.
    """
    counts: Counter[str] = Counter()
    with ThreadPoolExecutor(connections) as pool:
        while limit is None or counts["asked"] < limit:
            counts["failed"] += open_reversals()
            due = payments.due_reversals(now=timezone.now(), limit=BATCH)
            if not due:
                break
            for outcome in pool.map(_closing(_advance), due):
                counts.update(outcome)
    return counts


def open_reversals() -> int:
    """Send back a batch of what is approved, in case its job is gone; return how many failed."""
    failed = 0
    approved = Refund.objects.approved().order_by("decision_at", "pk")
    for refund_id in list(approved.values_list("pk", flat=True)[:BATCH]):
        try:
            pay_back(refund_id=refund_id)
        except Exception:
            logger.exception("Refund %s can't be sent back.", refund_id)
            failed += 1
    return failed


def _advance(reversal_id: int) -> Iterable[str]:
    try:
        payments.advance_reversal(reversal_id)
        status = Reversal.objects.values_list("status", flat=True).get(pk=reversal_id)
        if status not in (Reversal.Status.SUCCEEDED, Reversal.Status.REJECTED):
            return ["asked"]
        record_reversal(reversal_id=reversal_id)
    except Exception:
        logger.exception("Reversal %s can't be followed.", reversal_id)
        return ["asked", "failed"]
    return ["asked", "ended"]


def _closing(work: Callable[[int], Iterable[str]]) -> Callable[[int], Iterable[str]]:
    """Give a thread's connection back after each piece of work."""

    def run(reversal_id: int) -> Iterable[str]:
        try:
            return work(reversal_id)
        finally:
            connection.close()

    return run
