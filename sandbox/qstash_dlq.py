"""The dead-letter queue: list, look up, delete and retry (qstash.md section 1.1)."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.context import Sandbox
from sandbox.qstash_errors import Refusal
from sandbox.qstash_lists import page_of
from sandbox.qstash_records import PENDING, DeadLetter, Message
from sandbox.qstash_shapes import Shape, show_dead_letter
from sandbox.qstash_web import guarded, read_ids

MAX_LISTED = 100


async def list_letters(sandbox: Sandbox, request: Request) -> Response:
    """Oldest first."""
    shapes = [_show(sandbox, letter) for letter in sandbox.store.select(DeadLetter)]
    return page_of("messages", shapes, request, MAX_LISTED)


async def show(sandbox: Sandbox, request: Request) -> Response:
    """One entry."""
    return JSONResponse(_show(sandbox, _find(sandbox, request)))


async def delete(sandbox: Sandbox, request: Request) -> Response:
    """Forget one entry."""
    sandbox.store.delete(DeadLetter, id=_find(sandbox, request).id)
    return Response(status_code=200)


async def delete_many(sandbox: Sandbox, request: Request) -> Response:
    """Forget entries by their ids."""
    letters = await _choose(sandbox, request)
    for letter in letters:
        sandbox.store.delete(DeadLetter, id=letter.id)
    return JSONResponse({"deleted": len(letters)})


async def retry(sandbox: Sandbox, request: Request) -> Response:
    """A new message with a new id; the entry goes."""
    return JSONResponse(_retry(sandbox, _find(sandbox, request)), status_code=201)


async def retry_many(sandbox: Sandbox, request: Request) -> Response:
    """The same for several."""
    letters = await _choose(sandbox, request)
    return JSONResponse({"responses": [_retry(sandbox, each) for each in letters]}, status_code=201)


def _retry(sandbox: Sandbox, letter: DeadLetter) -> Shape:
    now = time.time()
    renewed = replace(
        _message_of(sandbox, letter),
        id=f"msg_{uuid.uuid4().hex}",
        # The first message may still have it, and would be taken for this one.
        deduplication_id="",
        created_at=int(now * 1000),
        not_before=int(now * 1000),
        next_at=now,
        retried=0,
        state=PENDING,
    )
    sandbox.store.delete(DeadLetter, id=letter.id)
    return {"messageId": sandbox.carrier.accept(renewed).id}


async def _choose(sandbox: Sandbox, request: Request) -> list[DeadLetter]:
    ids = await read_ids(sandbox, request, "dlqIds")
    return [each for each in sandbox.store.select(DeadLetter) if ids is None or each.id in ids]


def _find(sandbox: Sandbox, request: Request) -> DeadLetter:
    letter = sandbox.store.find(DeadLetter, id=request.path_params["dlq_id"])
    if letter is None:
        raise Refusal(404, f"dlq message {request.path_params['dlq_id']} not found")
    return letter


def _show(sandbox: Sandbox, letter: DeadLetter) -> Shape:
    return show_dead_letter(letter, _message_of(sandbox, letter))


def _message_of(sandbox: Sandbox, letter: DeadLetter) -> Message:
    message = sandbox.store.find(Message, id=letter.message_id)
    assert message is not None  # messages are kept as long as there is a process or a file
    return message


ROUTES = [
    Route("/v2/dlq", guarded(list_letters), methods=["GET"]),
    Route("/v2/dlq", guarded(delete_many), methods=["DELETE"]),
    # Where clients come to with an empty id: QStash takes it for all entries.
    Route("/v2/dlq/", guarded(delete_many), methods=["DELETE"]),
    Route("/v2/dlq/retry", guarded(retry_many), methods=["POST"]),
    Route("/v2/dlq/retry/{dlq_id}", guarded(retry), methods=["POST"]),
    Route("/v2/dlq/{dlq_id}", guarded(show), methods=["GET"]),
    Route("/v2/dlq/{dlq_id}", guarded(delete), methods=["DELETE"]),
]
