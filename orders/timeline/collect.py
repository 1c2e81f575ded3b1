"""Everything that is told of an order, with its log and its jobs, in one order of time.

The log and the jobs are read once for all apps, so the number of queries is the same for any
number of entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain, groupby
from operator import attrgetter
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.db.models.fields.json import KT
from django.utils.translation import gettext as _
from django_fsm_log.models import StateLog

from jobs import mail
from jobs.models import Job, JobStatus
from orders.models import Order
from orders.timeline.parts import (
    Entry,
    Jobs,
    Kind,
    Logged,
    Reader,
    Row,
    Told,
    actor_of,
    tellers,
)
from ticketing.step_words import Flow, Tone, Word, the_system, words_of

# Rows of the log, and as many jobs: more is no story any more, but an accident.
LONGEST = 500
ERROR_LENGTH = 300


@dataclass(frozen=True)
class Timeline:
    """The entries from the first to the last; `is_cut` if older ones were left out."""

    entries: list[Entry]
    is_cut: bool


def timeline_of(order: Order, reader: Reader) -> Timeline:
    """What happened to the order, and what is planned, as far as this reader may know it.

    The order comes with its event, showing and customer. Queries: those of the tellers, and two.
    """
    told = [tell(order, reader) for tell in tellers]
    logged = [each for part in told for each in part.logged if each.things]
    rows = _log_rows(logged)
    jobs = list(_jobs(told, order, reader)[:LONGEST])
    entries = chain(
        chain.from_iterable(part.entries for part in told),
        _moves(rows, logged, order),
        (_of_job(job, told, reader) for job in jobs),
    )
    return Timeline(
        sorted(entries, key=attrgetter("at", "kind")),
        is_cut=LONGEST in (len(rows), len(jobs)) or any(part.is_cut for part in told),
    )


def _log_rows(logged: Sequence[Logged]) -> list[StateLog]:
    """The newest rows of these, oldest first."""
    types = ContentType.objects.get_for_models(*(each.model for each in logged))
    wanted = Q(pk__in=[])
    for each in logged:
        rows = Q(content_type=types[each.model], object_id__in=list(each.things))
        rows &= ~Q(transition__in=each.hidden) if each.hidden else Q()
        wanted |= rows & Q(timestamp__gte=each.since) if each.since else rows
    # The newest, so that a story that is cut tells how it ends.
    newest = StateLog.objects.filter(wanted).select_related("by").order_by("-pk")
    return list(newest[:LONGEST])[::-1]


def _moves(rows: Sequence[StateLog], logged: Sequence[Logged], order: Order) -> Iterator[Entry]:
    """An entry for each step; one that several rows took together is told once."""
    types = ContentType.objects.get_for_models(*(each.model for each in logged))
    by_type = {types[each.model].pk: each for each in logged}
    together = attrgetter("content_type_id", "transition", "timestamp", "by_id", "description")
    for _same, group in groupby(rows, together):
        steps = list(group)
        yield _move(steps, by_type[steps[0].content_type_id], order)


def _move(steps: Sequence[StateLog], logged: Logged, order: Order) -> Entry:
    first = steps[0]
    things = [logged.things[step.object_id] for step in steps]
    word = words_of[logged.model].get(first.transition) or _unknown(first, logged)
    amounts = [thing.amount for thing in things if thing.amount is not None]
    return Entry(
        first.timestamp,
        logged.kind,
        str(word.text).format(thing=", ".join(thing.name for thing in things)),
        actor=actor_of(first.by, order),
        why=first.description or "",
        amount=sum(amounts, Decimal(0)) if word.flow and amounts else None,
        flow=word.flow or Flow.NAMED,
        tone=word.tone,
        row=things[0].row,
    )


def _unknown(step: StateLog, logged: Logged) -> Word:
    """A transition that nobody has put into words."""
    name = logged.model._meta.verbose_name
    return Word(f"{name} {{thing}}: {step.transition}")


def _jobs(told: Iterable[Told], order: Order, reader: Reader) -> Any:
    """Jobs about the order, the newest first: to those who may not see jobs the customer's mails.

    Of a mail are read the address and the subject, and nothing that only its reader may know.
    """
    parts = list(told)
    wanted = _mails([key for part in parts for key in part.mail_keys])
    if reader.opens(Job):
        for about in chain.from_iterable(part.jobs for part in parts):
            for pk in about.ids:
                wanted |= ~Q(topic=mail.TOPIC) & Q(payload__contains={about.argument: pk})
    else:
        wanted &= Q(payload__message__to=[order.email])
    found = Job.objects.filter(wanted).defer("payload").order_by("-pk")
    return found.annotate(to=KT("payload__message__to__0"), subject=KT("payload__message__subject"))


def _mails(keys: Sequence[str]) -> Q:
    wanted = Q(key__in=keys)
    for beginning in (key for key in keys if key.endswith(":")):
        wanted |= Q(key__startswith=beginning)
    return wanted


def _of_job(job: Any, told: Iterable[Told], reader: Reader) -> Entry:
    is_mail = job.topic == mail.TOPIC
    is_over = job.status in (JobStatus.DONE, JobStatus.DEAD)
    what = _("Mail to {address}: {subject}").format(address=job.to, subject=job.subject)
    return Entry(
        _when(job),
        Kind.MAIL if is_mail else Kind.JOB,
        what if is_mail else _words_of(job.topic, told),
        actor=the_system(),
        why=_how_it_went(job) if reader.opens(Job) else "",
        tone=Tone.BAD if job.status == JobStatus.DEAD else Tone.PLAIN,
        row=Row(Job, job.pk),
        badge=_badge(job),
        is_planned=not is_over,
    )


def _when(job: Job) -> datetime:
    return job.finished_at or job.run_at


def _words_of(topic: str, told: Iterable[Told]) -> str:
    about: Iterator[Jobs] = chain.from_iterable(part.jobs for part in told)
    return next((str(each.words[topic]) for each in about if topic in each.words), topic)


def _how_it_went(job: Job) -> str:
    """Nothing about a job that went as it should."""
    if not job.last_error:
        return ""
    error: str = job.last_error.splitlines()[0][:ERROR_LENGTH]
    if _was_needless(job):
        return error
    if job.status == JobStatus.DEAD:
        return _("Given up after {count} tries: {error}").format(count=job.attempts, error=error)
    return _("So far: {error}").format(error=error)


def _was_needless(job: Job) -> bool:
    """Whether there was nothing to do any more when its turn came."""
    return job.status == JobStatus.DONE and bool(job.last_error)


def _badge(job: Job) -> str:
    if job.status == JobStatus.DONE:
        return _("nothing left to do") if _was_needless(job) else ""
    return _("given up") if job.status == JobStatus.DEAD else _("planned")
