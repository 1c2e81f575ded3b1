"""`POST /internal/jobs/`: where QStash delivers its wake-up calls."""

from __future__ import annotations

import json
import logging
import math
from datetime import timedelta

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jobs import qstash, schedules
from jobs.services import Busy, Dead, UnknownJob, run_job

logger = logging.getLogger(__name__)

LONGEST_BODY = 4096
# With the header below, QStash stops trying (qstash.md section 2).
NEVER_AGAIN = 489
# What a signed body without sense leads to; brackets inside brackets, thousands deep, to the third.
NONSENSE = (ValueError, TypeError, RecursionError, KeyError, UnknownJob, schedules.UnknownSchedule)


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> JsonResponse:
    """Run the job that a genuine message names. Nothing is looked at before the signature holds.

    200: nothing more to do for this message. 401: not from QStash. 489: it will never succeed.
    503: come back after `Retry-After`.
    """
    if not _is_genuine(request):
        # Not 489, although it may be forged: if a new key is not deployed yet, a retry saves the
        # message.
        return JsonResponse({"error": "unauthorized"}, status=401)
    try:
        return _run(json.loads(request.body))
    except NONSENSE as fault:
        logger.error("A signed message makes no sense: %s: %s", type(fault).__name__, fault)
        return _never("this message names no job")


def _is_genuine(request: HttpRequest) -> bool:
    length = request.headers.get("Content-Length", "")
    # Before the body is read. Without a length Django reads none, so it can't be QStash's.
    if not length.isdigit() or int(length) > LONGEST_BODY:
        return False
    return qstash.is_genuine(request.body, request.headers.get("Upstash-Signature", ""))


def _run(message: dict[str, object]) -> JsonResponse:
    if "schedule" in message:
        schedules.fire(str(message["schedule"]))
        return JsonResponse({"status": "enqueued"})
    try:
        outcome = run_job(
            job_id=int(str(message["job"])), generation=int(str(message["generation"]))
        )
    except Busy as busy:
        # At least a second: the lease may have ended since it was read.
        wait = max((busy.until - timezone.now()) / timedelta(seconds=1), 1)
        return JsonResponse(
            {"status": "busy"}, status=503, headers={"Retry-After": str(math.ceil(wait))}
        )
    except Dead:
        return _never("the job is dead; an admin can have it tried again")
    return JsonResponse({"status": outcome})


def _never(reason: str) -> JsonResponse:
    headers = {"Upstash-NonRetryable-Error": "true"}
    return JsonResponse({"error": reason}, status=NEVER_AGAIN, headers=headers)
