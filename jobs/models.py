"""The outbox: what has to happen later, written in the transaction that decided it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

MAIL = "jobs.send_mail"


class JobStatus(models.TextChoices):
    PENDING = "pending", _("pending")
    PUBLISHED = "published", _("published")
    DONE = "done", _("done")
    DEAD = "dead", _("dead")


class JobQuerySet(models.QuerySet["Job"]):
    def unfinished(self) -> JobQuerySet:
        return self.filter(status__in=[JobStatus.PENDING, JobStatus.PUBLISHED])

    def due(self, now: datetime) -> JobQuerySet:
        """Unfinished, its time has come, and nobody is working on it."""
        return self.unfinished().filter(
            Q(leased_until__isnull=True) | Q(leased_until__lt=now), run_at__lte=now
        )

    def waiting(self) -> JobQuerySet:
        """Not handed to QStash in their present generation."""
        return self.filter(status=JobStatus.PENDING)

    def unpublished(self, now: datetime) -> JobQuerySet:
        """Waiting, and no relay is publishing them."""
        return self.waiting().filter(Q(publishing_until__isnull=True) | Q(publishing_until__lt=now))

    def dead(self) -> JobQuerySet:
        return self.filter(status=JobStatus.DEAD)


class Job(FSMModelMixin, models.Model):
    """One thing to do once its time has come. Whoever runs it may run it twice.

    Each time it is to be run again it is a new `generation`, so that messages of the old one are
    recognised as stale. `leased_until` is for how long it is one worker's to run, and
    `publishing_until` one relay's to publish; after that it is anybody's again.
    """

    Status = JobStatus

    topic = models.CharField(max_length=100)
    payload = models.JSONField()
    key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  # many without
    status = FSMField(choices=JobStatus.choices, default=JobStatus.PENDING, protected=True)
    run_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    generation = models.IntegerField(default=0)
    publishing_until = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(max_length=100, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            # It finds keys by their beginning as well. Of all rows, though few have a key: a plain
            # `ON CONFLICT (key)` does not find a partial index.
            UniqueConstraint(
                name="job_key_unique", fields=["key"], opclasses=["varchar_pattern_ops"]
            ),
            CheckConstraint(name="job_status_valid", condition=Q(status__in=JobStatus.values)),
            CheckConstraint(name="job_attempts_not_negative", condition=Q(attempts__gte=0)),
            CheckConstraint(
                name="job_finished_when_done",
                condition=Q(status__in=["done", "dead"]) ^ Q(finished_at__isnull=True),
            ),
        ]
        indexes = [
            # Beside the next one: most that is published is for later, and the relay, which looks
            # each second, would walk over all of it.
            models.Index(name="job_waiting", fields=["run_at"], condition=Q(status="pending")),
            models.Index(
                name="job_unfinished",
                fields=["run_at"],
                condition=Q(status__in=["pending", "published"]),
            ),
            # By what a job is about. Mails are found by their key.
            GinIndex(
                name="job_payload",
                fields=["payload"],
                opclasses=["jsonb_path_ops"],
                condition=~Q(topic=MAIL),
                # Whoever enqueues does not pay at once for a long list that others left.
                fastupdate=False,
            ),
            models.Index(name="job_dead", fields=["id"], condition=Q(status="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"

    # Pending as well: the sweep may run a job before any relay has published it.
    @transition(
        field=status, source=[JobStatus.PENDING, JobStatus.PUBLISHED], target=JobStatus.DONE
    )
    def finish(self, *, at: datetime, why_not: str = "") -> None:
        """Its handler came to an end, or had a reason not to begin."""
        self.finished_at, self.leased_until, self.last_error = at, None, why_not

    @transition(field=status, source=JobStatus.PENDING, target=JobStatus.PUBLISHED)
    def publish(self, *, message_id: str, at: datetime) -> None:
        """QStash has a message that will wake it up."""
        self.message_id, self.published_at, self.publishing_until = message_id, at, None

    @transition(
        field=status, source=[JobStatus.PENDING, JobStatus.PUBLISHED], target=JobStatus.PENDING
    )
    def postpone(self, *, until: datetime, error: str = "") -> None:
        """Try again at `until`."""
        self.run_at, self.leased_until, self.last_error = until, None, error
        self._begin_generation()

    @transition(
        field=status, source=[JobStatus.PENDING, JobStatus.PUBLISHED], target=JobStatus.DEAD
    )
    def bury(self, *, at: datetime, error: str) -> None:
        """Given up: only a person can bring it back."""
        self.finished_at, self.leased_until, self.last_error = at, None, error

    @transition(field=status, source=JobStatus.DEAD, target=JobStatus.PENDING)
    def revive(self, *, at: datetime) -> None:
        """A person wants it tried again, or it turns out to have gone well."""
        self.run_at, self.finished_at, self.attempts = at, None, 0
        self._begin_generation()

    def _begin_generation(self) -> None:
        self.generation += 1
        self.publishing_until, self.published_at, self.message_id = None, None, ""
