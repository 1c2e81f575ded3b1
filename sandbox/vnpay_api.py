"""The merchant API: one address for querydr and refund (sections 7 and 8)."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import vnpay_query, vnpay_refund
from sandbox.context import Sandbox, sandbox_of
from sandbox.records import ApiCall
from sandbox.vnpay_answers import Fields, bare, refusal, sign
from sandbox.vnpay_fields import API_MAY, QUERY_MUST, REFUND_MUST, Rule, find_malformed
from sandbox.vnpay_signing import SIGNATURE, values_are_genuine
from sandbox.web import cut_connection


@dataclass(frozen=True)
class Command:
    """One value of vnp_Command: its fields, the order of its request checksum, and its work."""

    must: Mapping[str, Rule]
    signed: tuple[str, ...]
    run: Callable[[Sandbox, Fields], Fields]


COMMANDS = {
    "querydr": Command(QUERY_MUST, vnpay_query.REQUEST_ORDER, vnpay_query.answer_query),
    "refund": Command(REFUND_MUST, vnpay_refund.REQUEST_ORDER, vnpay_refund.answer_refund),
}


async def serve_api(request: Request) -> Response:
    """POST of one command; the weather may stand between the work and its answer."""
    sandbox, body = sandbox_of(request), await request.body()
    fields = read_fields(body)
    ref = fields.get("vnp_TxnRef", "")
    down = sandbox.weather.take("api_down", ref)
    if down:
        return cut_connection(request) if down == "cut" else Response(status_code=503)
    await asyncio.sleep(float(sandbox.weather.take("api_slow_seconds", ref)))
    answer = _answer(sandbox, fields)
    if sandbox.weather.take("answer_lost", ref):
        return cut_connection(request)
    return JSONResponse(answer)


def read_fields(body: bytes) -> Fields:
    """The JSON object's fields as text, digits as received; anything else yields no fields.

    A null counts as absent (section 7). A value that is not ASCII text becomes empty, so malformed.
    """
    try:
        parsed = json.loads(body, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    present = {name: value for name, value in parsed.items() if value is not None}
    return {str(name): _to_text(value) for name, value in present.items()}


def _to_text(value: object) -> str:
    return value if isinstance(value, str) and value.isascii() else ""


def _answer(sandbox: Sandbox, fields: Fields) -> Fields:
    # In one: a request id is used up with what it did, and not without.
    with sandbox.store.together():
        refused = _check(sandbox, fields)
        # From here on the caller is genuine and the request id is used up.
        answer = refused or COMMANDS[fields["vnp_Command"]].run(sandbox, fields)
        _log(sandbox, fields, answer, accepted=refused is None)
    return answer


def _check(sandbox: Sandbox, fields: Fields) -> Fields | None:
    config = sandbox.config
    command = COMMANDS.get(fields.get("vnp_Command", ""))
    name = "vnp_Command" if command is None else find_malformed(fields, command.must, API_MAY)
    if command is None or name is not None:
        return sign(refusal(fields, "03", f"Invalid {name}"), config.hash_secret)
    if fields["vnp_TmnCode"] != config.tmn_code:
        return bare("02", "Invalid terminal")  # no terminal, no secret to sign with
    values = (fields.get(name, "") for name in command.signed)
    if not values_are_genuine(values, fields[SIGNATURE], config.hash_secret):
        return sign(refusal(fields, "97", "Invalid checksum"), config.hash_secret)
    if sandbox.store.find(ApiCall, request_id=fields["vnp_RequestId"], accepted=True):
        return bare("94", "Duplicate request")
    return None


def _log(sandbox: Sandbox, fields: Fields, answer: Fields, *, accepted: bool) -> None:
    call = ApiCall(
        id=uuid.uuid4().hex,
        at=time.time(),
        command=fields.get("vnp_Command", ""),
        txn_ref=fields.get("vnp_TxnRef", ""),
        request_id=fields.get("vnp_RequestId", ""),
        request=json.dumps(fields),
        response_code=answer["vnp_ResponseCode"],
        answer=json.dumps(answer),
        accepted=accepted,
    )
    sandbox.store.save(call)
