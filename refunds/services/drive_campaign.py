"""Take a campaign to its end from one process, whatever the job workers do beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import chain, takewhile
from threading import Event

from django.utils import timezone

from payments.models import Reversal
from refunds.models import CampaignOrder, RefundCampaign
from refunds.operations import campaigns
from refunds.services.process import Task, Tasks, due_tasks, send_back
from refunds.services.run_campaign import AGAIN, rest, running, take_some

LOOK = 2.0  # seconds between two looks at how far it is

Tell = Callable[[dict[str, int]], None]


def drive_campaign(*, campaign_id: int, connections: int, stopping: Event, tell: Tell) -> int:
    """Refund order after order, with so many calls to the provider at a time; count the errors.

    Returns when the campaign is completed or paused, or when `stopping` is set: then every thread
    finishes the order at hand. A crash leaves nothing behind that another run would not go on with;
    any number of processes may do this at once, beside the jobs. Calls `tell` every two seconds
    with the orders by state.
    """
    failed = 0
    with ThreadPoolExecutor(connections) as pool:
        while not stopping.is_set():
            campaign = running(campaign_id)
            if campaign is None:
                break
            while campaigns.collect(campaign):
                pass
            started = Tasks(_tasks(campaign_id), stopping).start(pool, connections)
            failed += _watch(campaign, started, tell)["failed"]
            if rest(campaign):
                _wait_for_more(campaign, stopping, tell)
    return failed


def _tasks(campaign_id: int) -> Iterator[Task]:
    """Orders that wait as long as there are any, then whatever else of refunds is due."""
    over = Event()
    one_more = partial(_refund_one, campaign_id, over)
    return chain(takewhile(lambda _: not over.is_set(), _endlessly(one_more)), due_tasks())


def _endlessly(task: Task) -> Iterator[Task]:
    while True:
        yield task


def _refund_one(campaign_id: int, over: Event) -> list[str]:
    campaign = running(campaign_id)
    entries = take_some(campaign, most=1) if campaign else []
    if not entries:
        over.set()
        return []
    return [each for entry in entries if entry.refund_id for each in send_back(entry.refund_id)]


def _watch(
    campaign: RefundCampaign, started: list[Future[Counter[str]]], tell: Tell
) -> Counter[str]:
    while wait(started, timeout=LOOK).not_done:
        campaigns.note_refunded(campaign)
        tell(campaigns.counts(campaign))
    return sum((each.result() for each in started), Counter())


def _wait_for_more(campaign: RefundCampaign, stopping: Event, tell: Tell) -> None:
    """Until something is due again, half a minute at most: orders may be paid meanwhile."""
    tell(campaigns.counts(campaign))
    until = timezone.now() + AGAIN
    soonest = Reversal.objects.filter(due_at__isnull=False).order_by("due_at").first()
    if soonest is not None and soonest.due_at is not None:
        until = min(until, soonest.due_at)
    stopping.wait(max(1.0, (until - timezone.now()).total_seconds()))
