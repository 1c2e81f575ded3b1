"""News of an event's dates, for whoever tells those that have tickets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum

from django.contrib.contenttypes.models import ContentType
from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, JSONObject
from django.utils import timezone
from django_fsm_log.models import StateLog

from jobs import outbox
from jobs.models import Job
from ticketing.models import Event, EventStatus, FraudStatus, Showing

TOPIC = "ticketing.dates_news"
outbox.remember(topic=TOPIC)  # an event may be put off, or held for a fraud, for months


class News(StrEnum):
    POSTPONED = "postponed"
    MOVED = "moved"
    REINSTATED = "reinstated"


def announce(news: News, event: Event, showings: Iterable[Showing], *, at: datetime) -> None:
    """Have everybody told later who has a ticket for one of the showings that are not over.

    The job keeps `at`, and the dates as they are now. What has changed when it runs is another
    job's to tell. Part of the caller's transaction, who holds the lock of the event.
    """
    # As texts, since a job is JSON, where a key is nothing else.
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
    for job in _ran(event.pk, since):
        outbox.enqueue(TOPIC, run_at=at, **job.payload)


def announce_to(order_id: int, event_id: int, *, since: datetime, at: datetime) -> None:
    """Repeat the news since then to one order, which may have missed some.

    What it was told in the last month it is not told again.
    """
    # Those with `only` tell somebody else alone, and those that begin after it never reach it.
    ran = _ran(event_id, since).exclude(payload__has_key="only")
    missed = [job.payload for job in ran if job.payload.get("after", 0) < order_id]
    # Once each, however many jobs it took to tell everybody.
    for payload in {each["at"]: each for each in missed}.values():
        outbox.enqueue(TOPIC, run_at=at, **payload, only=order_id)


def put_off_from_another(event: Event, dates: Mapping[int, str]) -> dict[int, datetime]:
    """Until when each of these showings was last postponed from another date than this, if ever.

    The end, since people get in until a postponement is kept, which is after its own moment. What
    is not known any more was another date: the jobs that told it are deleted after a year.
    """
    of_event = Job.objects.filter(topic=TOPIC, payload__contains={"event_id": event.pk})
    steps = of_event.filter(payload__news__in=[News.POSTPONED, News.REINSTATED])
    found: dict[int, datetime] = {}
    had: Mapping[str, str] = {}
    for step in steps.order_by("payload__at").values_list("payload", flat=True):
        if step["news"] == News.POSTPONED:
            had = step["dates"]
        else:
            moved = [pk for pk, date in dates.items() if had.get(str(pk)) != date]
            found |= dict.fromkeys(moved, datetime.fromisoformat(step["at"]))
    return found


def to_reinstate(events: QuerySet[Event], now: datetime) -> QuerySet[Event]:
    """The postponed ones whose new dates were told and are all to come: an admin is next."""
    of_events = ContentType.objects.get_for_model(Event)
    steps = StateLog.objects.filter(content_type=of_events, object_id=OuterRef("pk"))
    # The last one: an event may have been postponed before.
    postponed = steps.filter(transition="postpone").order_by("-pk").values("timestamp")[:1]
    about = JSONObject(event_id=OuterRef("pk"))
    news = Job.objects.filter(topic=TOPIC, payload__contains=about, payload__news=News.MOVED)
    # Their own moment: a job that repeats old news is newer.
    moved = news.annotate(told_at=Cast(KT("payload__at"), DateTimeField()))
    past = Showing.objects.filter(event=OuterRef("pk"), ends_at__lte=now)
    return events.annotate(postponed_at=postponed).filter(
        Exists(moved.filter(told_at__gt=OuterRef("postponed_at"))),
        ~Exists(past.filter(ends_at__gt=OuterRef("postponed_at"))),
        ~Q(fraud_status=FraudStatus.CONFIRMED),
        status=EventStatus.POSTPONED,
    )


def _ran(event_id: int, since: datetime) -> QuerySet[Job]:
    """Jobs of news that ended since then, or not yet: one that runs now may have read already."""
    of_event = Job.objects.filter(topic=TOPIC, payload__contains={"event_id": event_id})
    return of_event.exclude(finished_at__lt=since).order_by("pk")


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
