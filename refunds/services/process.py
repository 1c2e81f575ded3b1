"""Drive the refunds that are due, with several calls to the provider at the same time."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from threading import Event, Lock

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from payments import services as payments
from payments.models import Reversal
from refunds.models import Refund, RefundStatus
from refunds.services.pay_back import pay_back, record_reversal

logger = logging.getLogger(__name__)

BATCH = 200

Task = Callable[[], list[str]]


class Tasks:
    """Pieces of work, handed one by one to the threads that ask for them, until `stopping`."""

    def __init__(self, tasks: Iterator[Task], stopping: Event) -> None:
        self._tasks, self._stopping, self._lock = tasks, stopping, Lock()

    def __iter__(self) -> Tasks:
        return self

    def __next__(self) -> Task:
        with self._lock:
            if self._stopping.is_set():
                raise StopIteration
            return next(self._tasks)

    def start(self, pool: ThreadPoolExecutor, threads: int) -> list[Future[Counter[str]]]:
        """Have so many threads work until nothing is left; each tells what became of its part."""
        return [pool.submit(self._work) for _ in range(threads)]

    def _work(self) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        try:
            for task in self:
                outcomes.update(task())
                connection.close_if_unusable_or_obsolete()
        finally:
            connection.close()
        return outcomes


def process_refunds(
    *, connections: int = 1, limit: int | None = None, stopping: Event | None = None
) -> Counter[str]:
    """Send approved refunds back and follow the reversals that are due, until no more of them end.

    Without any queue: whatever the jobs have not done yet, about `limit` of them, or until
    `stopping` is set. Up to `connections` calls to the provider run at the same time, each with a
    database connection of its own. Returns how often the provider was `asked`, and how many refunds
    `ended` or `failed` with an error (logged). Any number of processes may do this at once.
    """
    outcomes: Counter[str] = Counter()
    with ThreadPoolExecutor(connections) as pool:
        while True:
            left = None if limit is None else max(0, limit - outcomes["asked"])
            tasks = Tasks(islice(due_tasks(), left), stopping or Event())
            found = sum((each.result() for each in tasks.start(pool, connections)), Counter())
            outcomes += found
            if not found["ended"]:
                return outcomes


def open_reversals() -> int:
    """Send back a batch of what is approved, in case its job is gone; return how many failed."""
    failed = 0
    ready = _ready().order_by("decision_at", "pk")
    for refund_id in list(ready.values_list("pk", flat=True)[:BATCH]):
        failed += _open(refund_id) is None
    return failed


def due_tasks() -> Iterator[Task]:
    """What is due now, and not what becomes due by it: so it comes to an end."""
    now, last = timezone.now(), 0
    while ids := _after(last, _ended().order_by("pk")):
        yield from (partial(_finish, refund_id) for refund_id in ids)
        last = ids[-1]
    while due := payments.due_reversals(now=now, limit=BATCH):
        yield from (partial(_advance, reversal_id) for reversal_id in due)
    last = 0
    while ids := _after(last, _ready().order_by("pk")):
        yield from (partial(send_back, refund_id) for refund_id in ids)
        last = ids[-1]


def send_back(refund_id: int) -> list[str]:
    """Take an approved refund as far as it goes without waiting; what became of it."""
    refund = _open(refund_id)
    if refund is None:
        return ["failed"]
    if refund.status == RefundStatus.PROCESSING and refund.reversal_id:
        return _advance(refund.reversal_id)
    return []


def _ready() -> QuerySet[Refund]:
    """Approved, and not behind another one of the order that VNPay has to end first."""
    before = Refund.objects.filter(
        order=OuterRef("order"), case__isnull=True, reversal__status__in=Reversal.OPEN
    )
    return Refund.objects.approved().filter(Q(case__isnull=False) | ~Exists(before))


def _ended() -> QuerySet[Refund]:
    """Whose reversal has ended, and nobody has told them: a crash came between, or a busy queue."""
    is_over = Q(status=RefundStatus.PROCESSING, reversal__finished_at__isnull=False)
    is_back = Q(status=RefundStatus.PAYMENT_FAILED, reversal__status=Reversal.Status.SUCCEEDED)
    return Refund.objects.filter(is_over | is_back)


def _after(last: int, refunds: QuerySet[Refund]) -> list[int]:
    return list(refunds.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH])


def _open(refund_id: int) -> Refund | None:
    try:
        return pay_back(refund_id=refund_id)
    except Exception:
        logger.exception("Refund %s can't be sent back.", refund_id)
        return None


def _finish(refund_id: int) -> list[str]:
    try:
        reversal_id = Refund.objects.values_list("reversal", flat=True).get(pk=refund_id)
        record_reversal(reversal_id=reversal_id)
    except Exception:
        logger.exception("Refund %s can't be finished.", refund_id)
        return ["failed"]
    return ["ended"]


def _advance(reversal_id: int) -> list[str]:
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
