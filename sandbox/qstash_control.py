"""/control/qstash/: what was published and delivered, time jumps, and deliveries by hand."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.context import Sandbox, sandbox_of
from sandbox.qstash_records import ACTIVE, PENDING, Call, Deduplication, Message, Schedule
from sandbox.qstash_schedules import fire
from sandbox.web import ControlError, read_json


async def show_state(request: Request) -> Response:
    """How much is waiting or under way, and when the next delivery is due."""
    store = sandbox_of(request).store
    next_at = store.next_due(Message, state=PENDING)
    state = {
        "pending": len(store.select(Message, state=PENDING)),
        "active": len(store.select(Message, state=ACTIVE)),
        "next_in_seconds": None if next_at is None else max(0.0, next_at - time.time()),
    }
    return JSONResponse(state)


async def list_messages(request: Request) -> Response:
    """Every message with its attempts, oldest first; `label`, `state` and `url` filter."""
    sandbox = sandbox_of(request)
    wanted = {
        name: request.query_params[name]
        for name in ("label", "state", "url", "schedule_id", "deduplication_id")
        if name in request.query_params
    }
    messages = sandbox.store.select(Message, **wanted)
    return JSONResponse({"messages": [show_message(sandbox, each) for each in messages]})


async def show_one(request: Request) -> Response:
    """One message with its attempts."""
    return JSONResponse(show_message(sandbox_of(request), _find(request)))


async def deliver(request: Request) -> Response:
    """Make the next attempt now and wait for it; of a finished message, send a copy."""
    sandbox = sandbox_of(request)
    await sandbox.carrier.deliver_now(_find(request))
    return JSONResponse(show_message(sandbox, _find(request)))


async def advance(request: Request) -> Response:
    """Let `seconds` pass at once for deliveries, schedules and deduplication."""
    sandbox, seconds = sandbox_of(request), (await read_json(request)).get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e9:
        raise ControlError(400, f"seconds must be a number from 0, not {seconds!r}.")
    # What waits comes nearer by that, instead of a clock that everything would have to ask.
    with sandbox.store.together():
        sandbox.store.shift(Message, "next_at", -seconds)
        sandbox.store.shift(Schedule, "next_at", -seconds)
        sandbox.store.shift(Deduplication, "at", -seconds)
    sandbox.carrier.wake()
    return await show_state(request)


async def fire_schedule(request: Request) -> Response:
    """Publish once, whatever the hour, and also if it is paused."""
    sandbox, schedule_id = sandbox_of(request), request.path_params["schedule_id"]
    schedule = sandbox.store.find(Schedule, id=schedule_id)
    if schedule is None:
        raise ControlError(404, f"There is no schedule {schedule_id}.")
    message = fire(sandbox.store, schedule, sandbox.config.qstash, sandbox.carrier.accept)
    return JSONResponse(show_message(sandbox, message))


async def show_keys(request: Request) -> Response:
    """The signing keys."""
    return JSONResponse(sandbox_of(request).carrier.keys.show())


async def rotate_keys(request: Request) -> Response:
    """Next becomes current."""
    return JSONResponse(sandbox_of(request).carrier.keys.rotate())


def show_message(sandbox: Sandbox, message: Message) -> dict[str, object]:
    """Everything known about one message."""
    calls = sandbox.store.select(Call, message_id=message.id)
    return {
        **asdict(message),
        "header": json.loads(message.header),
        "body": _to_text(message.body),
        "attempts": [_show_call(call) for call in calls],
    }


def _show_call(call: Call) -> dict[str, object]:
    return {
        "at": call.at,
        "seconds": call.seconds,
        "retried": call.retried,
        "request_header": json.loads(call.request_header),
        "status": call.status,
        "header": json.loads(call.header),
        "body": _to_text(call.body),
        "error": call.error,
    }


def _to_text(content: bytes) -> str:
    return content.decode(errors="replace")


def _find(request: Request) -> Message:
    message_id = request.path_params["message_id"]
    message = sandbox_of(request).store.find(Message, id=message_id)
    if message is None:
        raise ControlError(404, f"There is no message {message_id}.")
    return message


_ALL = "/control/qstash"
ROUTES = [
    Route(_ALL, show_state),
    Route(f"{_ALL}/messages", list_messages),
    Route(f"{_ALL}/messages/{{message_id}}", show_one),
    Route(f"{_ALL}/messages/{{message_id}}/deliver", deliver, methods=["POST"]),
    Route(f"{_ALL}/advance", advance, methods=["POST"]),
    Route(f"{_ALL}/schedules/{{schedule_id}}/fire", fire_schedule, methods=["POST"]),
    Route(f"{_ALL}/keys", show_keys),
    Route(f"{_ALL}/keys/rotate", rotate_keys, methods=["POST"]),
]
