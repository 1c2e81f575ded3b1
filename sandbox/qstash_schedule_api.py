"""The endpoints of schedules and signing keys (qstash.md sections 1.1 and 1.5)."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.context import Sandbox
from sandbox.qstash_errors import Refusal
from sandbox.qstash_fields import Publication
from sandbox.qstash_records import PAUSED, PENDING, Schedule
from sandbox.qstash_schedules import next_firing
from sandbox.qstash_shapes import show_schedule
from sandbox.qstash_web import guarded, read_publication

SCHEDULES = "/v2/schedules/"


async def create(sandbox: Sandbox, request: Request) -> Response:
    """A new schedule, or other settings for the one with this id."""
    publication = await read_publication(request, SCHEDULES)
    sandbox.carrier.read(publication)  # refuses what could not be published
    schedule = _read(publication)
    known = sandbox.store.select(Schedule)
    limit = sandbox.config.qstash.max_schedules
    if len(known) >= limit and schedule.id not in {each.id for each in known}:
        raise Refusal(412, f"quota maxSchedules exceeded: limit {limit}")
    sandbox.store.save(schedule)
    sandbox.carrier.wake()
    return JSONResponse({"scheduleId": schedule.id})


async def list_schedules(sandbox: Sandbox, request: Request) -> Response:
    """All of them, oldest first."""
    schedules = sandbox.store.select(Schedule)
    return JSONResponse([show_schedule(each, sandbox.config.qstash) for each in schedules])


async def show(sandbox: Sandbox, request: Request) -> Response:
    """One schedule."""
    return JSONResponse(show_schedule(find_schedule(sandbox, request), sandbox.config.qstash))


async def delete(sandbox: Sandbox, request: Request) -> Response:
    """No further firing; messages that were made already stay."""
    sandbox.store.delete(Schedule, id=find_schedule(sandbox, request).id)
    return Response(status_code=200)


async def pause(sandbox: Sandbox, request: Request) -> Response:
    """No firing until it is resumed."""
    sandbox.store.save(replace(find_schedule(sandbox, request), state=PAUSED))
    return Response(status_code=200)


async def resume(sandbox: Sandbox, request: Request) -> Response:
    """Go on with the next time from now."""
    schedule = find_schedule(sandbox, request)
    next_at = next_firing(schedule.cron, time.time())
    sandbox.store.save(replace(schedule, state=PENDING, next_at=next_at))
    sandbox.carrier.wake()
    return Response(status_code=200)


async def show_keys(sandbox: Sandbox, request: Request) -> Response:
    """The signing keys."""
    return JSONResponse(sandbox.carrier.keys.show())


async def rotate_keys(sandbox: Sandbox, request: Request) -> Response:
    """Next becomes current."""
    return JSONResponse(sandbox.carrier.keys.rotate())


def find_schedule(sandbox: Sandbox, request: Request) -> Schedule:
    """The schedule of the address; raises `Refusal` (404)."""
    schedule = sandbox.store.find(Schedule, id=request.path_params["schedule_id"])
    if schedule is None:
        raise Refusal(404, f"schedule {request.path_params['schedule_id']} not found")
    return schedule


def _read(publication: Publication) -> Schedule:
    cron, now = publication.first("upstash-cron"), time.time()
    return Schedule(
        id=_read_id(publication),
        destination=publication.destination,
        cron=cron,
        header=json.dumps(_settings(publication)),
        body=publication.body,
        caller_ip=publication.caller_ip,
        created_at=int(now * 1000),
        next_at=next_firing(cron, now),
    )


def _read_id(publication: Publication) -> str:
    given = publication.first("upstash-schedule-id", f"scd_{uuid.uuid4().hex}")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", given):
        raise Refusal(400, f"invalid schedule id: {given!r}: letters, digits, '-', '_' and '.'")
    return given


def _settings(publication: Publication) -> dict[str, list[str]]:
    """What is published each time; in particular not the token."""
    return {
        name: values
        for name, values in publication.header.items()
        if name.startswith("upstash-") or name == "content-type"
    }


_ONE = f"{SCHEDULES}{{schedule_id}}"
ROUTES = [
    Route("/v2/schedules", guarded(list_schedules), methods=["GET"]),
    Route(f"{_ONE}/pause", guarded(pause), methods=["PATCH", "POST"]),
    Route(f"{_ONE}/resume", guarded(resume), methods=["PATCH", "POST"]),
    Route(_ONE, guarded(show), methods=["GET"]),
    Route(_ONE, guarded(delete), methods=["DELETE"]),
    Route(f"{SCHEDULES}{{destination:path}}", guarded(create), methods=["POST"]),
    Route("/v2/keys", guarded(show_keys), methods=["GET"]),
    Route("/v2/keys/rotate", guarded(rotate_keys), methods=["POST"]),
]
