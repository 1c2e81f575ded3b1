"""Take a campaign to its end from one process, whatever the job workers do beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event

from django.db import connection
from django.utils import timezone

from payments.models import Reversal
from refunds.models import RefundCampaign
from refunds.operations import campaigns
from refunds.services.process import due_reversals, finish_ended, opened
from refunds.services.run_campaign import AGAIN, AT_ONCE, rest, running, take_some
from refunds.services.sending import carry_out

LOOK = 2.0  # seconds between two looks at how far it is

Tell = Callable[[dict[str, int]], None]


def drive_campaign(*, campaign_id: int, connections: int, stopping: Event, tell: Tell) -> int:
    """Refund order after order, with so many calls to the provider at a time; count the errors.

    Returns when the campaign is completed or paused, or when `stopping` is set: then what is being
    sent is recorded. A crash leaves nothing behind that another run would not go on with; any
    number of processes may do this at once, beside the jobs. Calls `tell` every two seconds with
    the orders by state.
    """
    failed = 0
    # For the sending, while this thread watches and tells.
    with ThreadPoolExecutor(1) as pool:
        while not stopping.is_set():
            campaign = running(campaign_id)
            if campaign is None:
                break
            while campaigns.collect(campaign):
                pass
            failed += finish_ended()["failed"]
            sending = pool.submit(_send, campaign_id, connections, stopping)
            failed += _watch(campaign, sending, tell)["failed"]
            if rest(campaign):
                _wait_for_more(campaign, stopping, tell)
    return failed


def _send(campaign_id: int, connections: int, stopping: Event) -> Counter[str]:
    """Orders that wait as long as there are any, then whatever else of refunds is due."""
    outcomes: Counter[str] = Counter()
    try:
        for found in (_approved(campaign_id, outcomes), due_reversals(outcomes)):
            outcomes += carry_out(found, connections=connections, stopping=stopping)
        return outcomes
    finally:
        # A thread has a connection of its own, which nobody gives back once it has ended.
        connection.close()


def _approved(campaign_id: int, outcomes: Counter[str]) -> Iterator[int]:
    """The reversals of waiting orders; some orders are approved at a time, unless it is paused."""
    while campaign := running(campaign_id):
        entries = take_some(campaign, most=AT_ONCE)
        if not entries:
            return
        yield from opened([entry.refund_id for entry in entries if entry.refund_id], outcomes)


def _watch(campaign: RefundCampaign, sending: Future[Counter[str]], tell: Tell) -> Counter[str]:
    while wait([sending], timeout=LOOK).not_done:
        campaigns.note_refunded(campaign)
        tell(campaigns.counts(campaign))
    return sending.result()


def _wait_for_more(campaign: RefundCampaign, stopping: Event, tell: Tell) -> None:
    """Until something is due again, half a minute at most: orders may be paid meanwhile."""
    tell(campaigns.counts(campaign))
    until = timezone.now() + AGAIN
    soonest = Reversal.objects.filter(due_at__isnull=False).order_by("due_at").first()
    if soonest is not None and soonest.due_at is not None:
        until = min(until, soonest.due_at)
    # At least a second: what is due and can't be sent must not make this a loop without a pause.
    stopping.wait(max(1.0, (until - timezone.now()).total_seconds()))
