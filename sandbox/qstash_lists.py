"""Filters and pages of the lists, and the log (qstash.md section 1.1)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.context import Sandbox
from sandbox.qstash_errors import Refusal
from sandbox.qstash_records import Happening, Message
from sandbox.qstash_shapes import Shape, show_happening
from sandbox.qstash_web import guarded

# Query parameter, and the field of the object that it must equal.
FILTERS = {
    "messageId": "messageId",
    "url": "url",
    "scheduleId": "scheduleId",
    "state": "state",
    "responseStatus": "responseStatus",
    "callerIp": "callerIP",
    "label": "label",
}
MAX_LOG_LINES = 1000


def matches(shape: Shape, wanted: Mapping[str, str]) -> bool:
    """Whether the object meets every filter among the parameters."""
    return all(
        str(shape.get(field)) == wanted[name] or (name == "label" and _has_label(shape, wanted))
        for name, field in FILTERS.items()
        if name in wanted
    )


def paginate(shapes: list[Shape], request: Request, most: int) -> tuple[list[Shape], str]:
    """One page, and the cursor of the next one; empty when there is none."""
    start = _read_number(request, "cursor", 0)
    end = start + min(most, _read_number(request, "count", most))
    return shapes[start:end], str(end) if end < len(shapes) else ""


def page_of(name: str, shapes: list[Shape], request: Request, most: int) -> Response:
    """The answer that carries one page of what meets the filters."""
    kept = [shape for shape in shapes if matches(shape, request.query_params)]
    shown, cursor = paginate(kept, request, most)
    return JSONResponse({name: shown, **({"cursor": cursor} if cursor else {})})


async def list_log(sandbox: Sandbox, request: Request) -> Response:
    """Newest first; `logs` is documented, `events` is what the clients call."""
    messages = {each.id: each for each in sandbox.store.select(Message)}
    shapes = [
        show_happening(each, messages[each.message_id])
        for each in reversed(sandbox.store.select(Happening))
        if _is_between(each.at, request)
    ]
    return page_of(request.url.path.removeprefix("/v2/"), shapes, request, MAX_LOG_LINES)


def _is_between(moment: int, request: Request) -> bool:
    earliest = _read_number(request, "fromDate", 0)
    return earliest <= moment <= _read_number(request, "toDate", 10**15)


def _has_label(shape: Shape, wanted: Mapping[str, str]) -> bool:
    labels = {each.strip() for each in str(shape.get("label", "")).split(",")}
    return wanted["label"] in labels


def _read_number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    if text and not (text.isascii() and text.isdecimal()):
        raise Refusal(400, f"invalid {name}: {text!r}")
    return int(text) if text else default


ROUTES = [
    Route("/v2/logs", guarded(list_log), methods=["GET"]),
    Route("/v2/events", guarded(list_log), methods=["GET"]),
]
