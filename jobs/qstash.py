"""Upstash QStash: a message is a wake-up call for a job, and never more than that.

The row in the database is the truth: messages may be lost, late, repeated or out of order. The
SDK's traps that are avoided here are those of qstash.md, sections 3.1 and 4.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
from django.conf import settings
from qstash import QStash, Receiver
from qstash.errors import QStashError

from jobs.models import MAIL

if TYPE_CHECKING:
    from qstash.message import BatchRequest

    from jobs.models import Job

logger = logging.getLogger(__name__)

PATH = "/internal/jobs/"
# More are refused by some plans.
RETRIES = 5
RETRY_DELAY = "min(pow(4, retried) * 5000, 900000)"  # milliseconds: 5 s, 20 s, 80 s, … 15 min
TIMEOUT = "120s"  # as long as a job is leased
# As the SDK tells it; some stand-ins take single messages only.
NO_BATCHES = "status: 404"


class NotConfigured(Exception):
    """There is no QStash: `run_due_jobs` does the work instead."""


def is_configured() -> bool:
    return bool(settings.QSTASH_TOKEN)


def destination() -> str:
    """Where QStash delivers: the very text that it signs, so it comes from the settings alone."""
    return f"{settings.PUBLIC_URL}{PATH}"


@cache
def client() -> QStash:
    """One connection pool for each process; it gives up soon and leaves retrying to the relay."""
    if not is_configured():
        raise NotConfigured("QSTASH_TOKEN is not set; run_due_jobs works without QStash.")
    sdk = QStash(settings.QSTASH_TOKEN, retry=False, base_url=settings.QSTASH_URL)
    sdk.http._client.close()
    # The SDK itself would wait ten minutes for an answer. A stand-in is on loopback, where no proxy
    # of the environment finds it.
    sdk.http._client = httpx.Client(
        timeout=httpx.Timeout(10, connect=2), trust_env=not settings.SANDBOX
    )
    return sdk


def publish(jobs: Iterable[Job], *, now: datetime) -> dict[int, str]:
    """Send one message for each job and return the message ids by job id.

    A job that QStash refuses is missing in the answer. Sending the same generation of a job again
    within ten minutes gives the first message. Raises whatever the network or QStash does.
    """
    jobs = list(jobs)
    try:
        answers: list[Any] = client().message.batch([_request(job, now) for job in jobs])
    except KeyError:  # one was refused, and the SDK loses the answers of the others
        return _publish_one_by_one(jobs, now)
    except QStashError as refusal:
        # What takes no single messages either is no QStash at all: the relay has to hear of it.
        published = _publish_one_by_one(jobs, now) if NO_BATCHES in str(refusal) else {}
        if not published:
            raise
        return published
    return {job.pk: answer.message_id for job, answer in zip(jobs, answers, strict=True)}


def _publish_one_by_one(jobs: list[Job], now: datetime) -> dict[int, str]:
    published = {}
    for job in jobs:
        try:
            request: Any = _request(job, now)
            answer: Any = client().message.publish(**request)
        except Exception:
            logger.exception("QStash refused %s.", job)
        else:
            published[job.pk] = answer.message_id
    return published


def _request(job: Job, now: datetime) -> BatchRequest:
    request: BatchRequest = {
        "url": destination(),
        "body": json.dumps({"job": job.pk, "generation": job.generation}),
        "content_type": "application/json",
        "retries": RETRIES,
        "retry_delay": RETRY_DELAY,
        "timeout": TIMEOUT,
        # Dashes only: QStash refuses a colon. With the generation in it, since an id stays taken
        # for ten minutes, and a job may be published anew before that.
        "deduplication_id": f"job-{site()}-{job.pk}-{job.generation}",
        "label": job.topic.replace(".", "-"),
        "flow_control": {"key": _flow(job), "parallelism": settings.QSTASH_PARALLELISM},
    }
    if job.run_at > now:
        # Rounded up: it knows whole seconds, and who comes early is sent away and uses up a retry.
        request["not_before"] = math.ceil(job.run_at.timestamp())
    return request


def _flow(job: Job) -> str:
    """What shares one limit: mails come in heaps, and nothing that moves money waits for them."""
    return f"{'mail' if job.topic == MAIL else 'work'}-{site()}"


def site() -> str:
    """Tells this deployment from others of the same account, of which QStash makes no difference.

    Without it, two jobs of one number would be one message within ten minutes (qstash.md 1.3).
    """
    return hashlib.sha256(destination().encode()).hexdigest()[:8]


def is_genuine(body: bytes, signature: str) -> bool:
    """Whether QStash signed exactly this body for our address within the last five minutes."""
    current, following = settings.QSTASH_CURRENT_SIGNING_KEY, settings.QSTASH_NEXT_SIGNING_KEY
    # Some versions of PyJWT take a token that is signed with an empty key.
    if not (current and following and signature):
        return False
    try:
        Receiver(current, following).verify(
            signature=signature, body=body.decode(), url=destination()
        )
    except Exception as fault:  # the SDK raises more than its own errors
        logger.warning("A call to %s was not signed by QStash: %s", PATH, type(fault).__name__)
        return False
    return True
