"""Publish, batch, look up and cancel (qstash.md section 1.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.context import Sandbox
from sandbox.qstash_errors import Refusal
from sandbox.qstash_fields import Publication
from sandbox.qstash_lists import FILTERS, matches
from sandbox.qstash_log import note
from sandbox.qstash_records import CANCELLED, Message
from sandbox.qstash_shapes import Shape, show_message
from sandbox.qstash_web import guarded, read_ids, read_publication

PUBLISH = "/v2/publish/"


async def publish(sandbox: Sandbox, request: Request) -> Response:
    """Answered before anything is delivered; 202 for a repeat."""
    answer = _publish(sandbox, await read_publication(request, PUBLISH))
    return JSONResponse(answer, status_code=202 if "deduplicated" in answer else 200)


async def batch(sandbox: Sandbox, request: Request) -> Response:
    """Each item for itself: one that fails stops none of the others."""
    try:
        items = json.loads(await request.body())
    except ValueError:
        items = None
    if not isinstance(items, list):
        raise Refusal(400, "the body must be a JSON list of messages")
    caller = request.client.host if request.client else ""
    return JSONResponse([_publish_item(sandbox, item, caller) for item in items])


async def show(sandbox: Sandbox, request: Request) -> Response:
    """A message that is still to be delivered."""
    return JSONResponse(show_message(_find(sandbox, request)))


async def cancel(sandbox: Sandbox, request: Request) -> Response:
    """No further attempt; one that is under way goes on."""
    _cancel(sandbox, _find(sandbox, request))
    return JSONResponse({"cancelled": 1}, status_code=202)


async def cancel_many(sandbox: Sandbox, request: Request) -> Response:
    """By ids, or by filters such as the label."""
    known = [each for each in sandbox.store.select(Message) if each.is_known]
    filters = {name: request.query_params[name] for name in FILTERS if name in request.query_params}
    if filters:
        chosen = [each for each in known if matches(show_message(each), filters)]
    else:
        ids = await read_ids(sandbox, request, "messageIds")
        chosen = [each for each in known if ids is None or each.id in ids]
    for message in chosen:
        _cancel(sandbox, message)
    return JSONResponse({"cancelled": len(chosen)})


async def refuse_what_is_not_built(sandbox: Sandbox, request: Request) -> Response:
    """Says so, before anybody relies on it."""
    raise Refusal(501, f"{request.url.path} is not part of this stand-in")


def _publish(sandbox: Sandbox, publication: Publication) -> Shape:
    wished = sandbox.carrier.read(publication)
    accepted = sandbox.carrier.accept(wished)
    if accepted.id == wished.id:
        return {"messageId": accepted.id}
    return {"messageId": accepted.id, "deduplicated": True}


def _publish_item(sandbox: Sandbox, item: object, caller_ip: str) -> Shape:
    try:
        return _publish(sandbox, _read_item(item, caller_ip))
    except Refusal as refusal:
        return {"error": str(refusal)}


def _read_item(item: object, caller_ip: str) -> Publication:
    if not isinstance(item, Mapping) or not isinstance(item.get("headers") or {}, Mapping):
        raise Refusal(400, "a message must be an object with destination, headers and body")
    if item.get("queue"):
        raise Refusal(400, "queues are not part of this stand-in")
    body = "" if item.get("body") is None else item["body"]
    if not isinstance(body, str):
        raise Refusal(400, "body must be a string or null")
    header = {name.lower(): [str(value)] for name, value in (item.get("headers") or {}).items()}
    if not json.dumps(header, ensure_ascii=False).isascii():
        raise Refusal(400, "headers must be ASCII")
    return Publication(str(item.get("destination", "")), header, body.encode(), caller_ip)


def _find(sandbox: Sandbox, request: Request) -> Message:
    message = sandbox.store.find(Message, id=request.path_params["message_id"])
    if message is None or not message.is_known:
        raise Refusal(404, f"message {request.path_params['message_id']} not found")
    return message


def _cancel(sandbox: Sandbox, message: Message) -> None:
    with sandbox.store.together():
        sandbox.store.save(replace(message, state=CANCELLED))
        note(sandbox.store, message, "CANCEL_REQUESTED")
        note(sandbox.store, message, "CANCELED")


_ONE = "/v2/messages/{message_id}"
_NOT_BUILT = ("/v2/enqueue", "/v2/queues", "/v2/topics", "/v2/flowControl", "/v2/globalParallelism")
ROUTES = [
    Route(f"{PUBLISH}{{destination:path}}", guarded(publish), methods=["POST"]),
    Route("/v2/batch", guarded(batch), methods=["POST"]),
    Route("/v2/messages", guarded(cancel_many), methods=["DELETE"]),
    # Where clients come to with an empty id: QStash takes it for all messages.
    Route("/v2/messages/", guarded(cancel_many), methods=["DELETE"]),
    Route(_ONE, guarded(show), methods=["GET"]),
    Route(_ONE, guarded(cancel), methods=["DELETE"]),
    *[
        Route(path, guarded(refuse_what_is_not_built), methods=["GET", "POST", "DELETE"])
        for start in _NOT_BUILT
        for path in (start, f"{start}/{{rest:path}}")
    ],
]
