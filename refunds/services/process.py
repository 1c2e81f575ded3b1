"""Send back the refunds that are due, with several calls to the providers at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Event

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone

from payments.models import Reversal
from refunds.models import Refund, RefundStatus
from refunds.services.pay_back import pay_back_together
from refunds.services.sending import carry_out, finish, together_or_alone

BATCH = 200


def process_refunds(
    *, connections: int = 1, limit: int | None = None, stopping: Event | None = None
) -> Counter[str]:
    """Send approved refunds back and follow the reversals that are due, until no more of them end.

    Without any queue: whatever the jobs have not done yet, about `limit` of them, or until
    `stopping` is set. Up to `connections` calls to the provider run at the same time. Returns how
    often the provider was `asked`, and how many refunds `ended` or `failed` with an error (logged).
    Any number of processes may do this at once.
    """
    outcomes: Counter[str] = Counter()
    while True:
        left = None if limit is None else max(0, limit - outcomes["asked"])
        found = finish_ended()
        due = islice(due_reversals(found), left)
        found += carry_out(due, connections=connections, stopping=stopping or Event())
        outcomes += found
        # What ended may have made way for the next refund of its order. If nothing did, no more can
        # be done now.
        if not found["ended"]:
            return outcomes


def pay_back_approved() -> int:
    """Send back a batch of what is approved, in case its job is gone; return how many failed."""
    ready = _ready().order_by("decision_at", "pk").values_list("pk", flat=True)
    _opened, failed = together_or_alone(_pay_back, list(ready[:BATCH]))
    return failed


def finish_ended() -> Counter[str]:
    """Finish refunds whose reversal ended without anybody telling them: `ended` and `failed`."""
    outcomes: Counter[str] = Counter()
    for ids in _batches(_ended()):
        reversals = Refund.objects.filter(pk__in=ids).values_list("reversal", flat=True)
        outcomes += finish(list(reversals))
    return outcomes


def due_reversals(outcomes: Counter[str]) -> Iterator[int]:
    """Ids of what is due now, then of what can be opened now: so it comes to an end.

    Adds those that can't be opened to the `failed`.
    """
    for ids in _batches(Reversal.objects.due(timezone.now())):
        yield from ids
    for ids in _batches(_ready()):
        yield from opened(ids, outcomes)


def opened(refund_ids: Sequence[int], outcomes: Counter[str]) -> list[int]:
    """The reversals of these refunds, opened as far as that can be; adds the others to `failed`."""
    reversal_ids, failed = together_or_alone(_pay_back, refund_ids)
    outcomes["failed"] += failed
    return reversal_ids


def _ready() -> QuerySet[Refund]:
    """Approved, and not behind another one of the order that its provider has to end first."""
    before = Refund.objects.filter(
        order=OuterRef("order"), case__isnull=True, reversal__status__in=Reversal.OPEN
    )
    return Refund.objects.approved().filter(Q(case__isnull=False) | ~Exists(before))


def _ended() -> QuerySet[Refund]:
    """Whose reversal has ended, and nobody has told them: a crash came between, or a busy queue."""
    is_over = Q(status=RefundStatus.PROCESSING, reversal__finished_at__isnull=False)
    is_back = Q(status=RefundStatus.PAYMENT_FAILED, reversal__status=Reversal.Status.SUCCEEDED)
    return Refund.objects.filter(is_over | is_back)


def _batches(rows: QuerySet[Model]) -> Iterator[list[int]]:
    """Their ids, some at a time, each once: however long those before it are busy."""
    last = 0
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def _pay_back(refund_ids: Sequence[int]) -> list[int]:
    refunds = pay_back_together(refund_ids=refund_ids)
    sent = [each for each in refunds if each.status == RefundStatus.PROCESSING]
    return [refund.reversal_id for refund in sent if refund.reversal_id]
