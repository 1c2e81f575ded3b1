"""News of an event's dates, for whoever tells those that have tickets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from jobs import outbox
from jobs.models import Job
from ticketing.models import Event, EventStatus, Showing

TOPIC = "ticketing.dates_news"


class News(StrEnum):
    POSTPONED = "postponed"
    MOVED = "moved"
    REINSTATED = "reinstated"


def announce(news: News, event: Event, showings: Iterable[Showing], *, at: datetime) -> None:
    """Have everybody told later who has a ticket for one of the showings that are not over.

    The job keeps `at`, and the dates as they are now. What has changed when it runs is another
    job's to tell. Part of the caller's transaction, who holds the lock of the event.
    """
    dates = {str(each.pk): each.local(each.starts_at) for each in showings if each.ends_at > at}
    if dates:
        outbox.enqueue(
            TOPIC,
            run_at=at,
            event_id=event.pk,
            news=news,
            at=at.isoformat(),
            dates=dates,
        )


def announce_again(event: Event, *, since: datetime, at: datetime) -> None:
    """Repeat the news that have come up since then: of an event that was off they told nothing.

    Who was told before is not told again, and what has been overtaken is not told at all. Part of
    the caller's transaction, who holds the lock of the event.
    """
    ran = Job.objects.filter(
        topic=TOPIC, payload__contains={"event_id": event.pk}, finished_at__gte=since
    )
    for job in ran.order_by("pk"):
        outbox.enqueue(TOPIC, run_at=at, **job.payload)


@contextmanager
def announcing_new_dates(event: Event) -> Iterator[None]:
    """Have people told which showings of a postponed event get another date inside the block.

    The caller holds the lock of the event, in the transaction of the block.
    """
    before = {each.pk: each.local(each.starts_at) for each in event.showings.all()}
    yield
    if event.status == EventStatus.POSTPONED:
        now = timezone.now()
        known = event.showings.filter(pk__in=before).order_by("pk")
        moved = [each for each in known if each.local(each.starts_at) != before[each.pk]]
        announce(News.MOVED, event, moved, at=now)
