"""What every endpoint of the QStash API shares: token, weather, errors, and reading a request."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.context import Sandbox, sandbox_of
from sandbox.qstash_delivery import to_lists
from sandbox.qstash_errors import Refusal
from sandbox.qstash_fields import Publication
from sandbox.web import cut_connection

logger = logging.getLogger(__name__)

Handler = Callable[[Sandbox, Request], Awaitable[Response]]
TOKEN = "qstash_token"
PREFIX = "upstash-"
BURST = {"Burst-RateLimit-Limit": "100", "Burst-RateLimit-Remaining": "0"}
DAILY = {"RateLimit-Limit": "1000", "RateLimit-Remaining": "0"}


def guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind the weather and the token check; a `Refusal` becomes its answer."""

    async def serve(request: Request) -> Response:
        sandbox = sandbox_of(request)
        spoiled = await _meet_weather(sandbox, request)
        if spoiled is not None:
            return spoiled
        try:
            _check_token(sandbox, request)
            answer = await handler(sandbox, request)
        except Refusal as refusal:
            answer = refuse(refusal)
        # After the work: whoever gets no answer can't tell whether it was done.
        return _lose(sandbox, request) or answer

    return serve


def refuse(refusal: Refusal) -> Response:
    """The documented form of every error."""
    logger.warning("QStash refuses (%d): %s", refusal.status, refusal)
    return JSONResponse({"error": str(refusal)}, status_code=refusal.status)


async def read_publication(request: Request, prefix: str) -> Publication:
    """The message of a request whose raw target is the prefix and the destination.

    Settings in the query are taken out of the destination; headers win over them.
    """
    # Not the decoded path: of it nobody can tell what of the destination was encoded.
    path = request.scope["raw_path"].decode("latin-1").removeprefix(prefix)
    settings, own = _split_query(request.scope["query_string"].decode("latin-1"))
    return Publication(
        destination=f"{path}?{'&'.join(own)}" if own else path,
        header={**settings, **to_lists(request.headers.items())},
        body=await request.body(),
        caller_ip=request.client.host if request.client else "",
    )


async def read_ids(sandbox: Sandbox, request: Request, name: str) -> list[str] | None:
    """The ids of a bulk request, from its body or its query; None for all there are.

    Raises `Refusal` (400) when there are no ids, unless the weather lets that mean all.
    """
    ids = [*_ids_of_query(request, name), *_ids_of_body(await request.body(), name)]
    if ids:
        return ids
    if sandbox.weather.take("qstash_no_ids_mean_all", ""):
        return None
    logger.error("%s %s without ids: QStash would hit everything", request.method, request.url.path)
    raise Refusal(400, f"no {name} given: QStash would take this as all of them")


def _split_query(query: str) -> tuple[dict[str, list[str]], list[str]]:
    pairs = [pair for pair in query.split("&") if pair]
    own = [pair for pair in pairs if not _is_setting(pair)]
    settings = parse_qsl("&".join(pair for pair in pairs if _is_setting(pair)))
    return to_lists((name.lower(), value) for name, value in settings), own


def _is_setting(pair: str) -> bool:
    name = unquote_plus(pair.partition("=")[0]).lower()
    return name == TOKEN or name.startswith(PREFIX)


def _ids_of_query(request: Request, name: str) -> Iterable[str]:
    values = request.query_params.getlist(name)
    return [each for value in values for each in value.split(",") if each]


def _ids_of_body(body: bytes, name: str) -> Iterable[str]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        raise Refusal(400, "the body is not JSON") from None
    ids = parsed.get(name, []) if isinstance(parsed, Mapping) else None
    if not isinstance(ids, list):
        raise Refusal(400, f"{name} must be a list")
    return [str(each) for each in ids if each]


def _check_token(sandbox: Sandbox, request: Request) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        given = request.query_params.get(TOKEN, "")
    if not hmac.compare_digest(given.strip().encode(), sandbox.config.qstash.token.encode()):
        raise Refusal(401, "unauthorized: invalid token")


async def _meet_weather(sandbox: Sandbox, request: Request) -> Response | None:
    await asyncio.sleep(float(sandbox.weather.take("qstash_slow_seconds", "")))
    down = sandbox.weather.take("qstash_down", "")
    if down:
        return cut_connection(request) if down == "cut" else _error(503, "service unavailable")
    limited = sandbox.weather.take("qstash_limited", "")
    if limited:
        return _limit(DAILY if limited == "daily" else BURST)
    return None


def _lose(sandbox: Sandbox, request: Request) -> Response | None:
    lost = sandbox.weather.take("qstash_answer_lost", "")
    if not lost:
        return None
    return _error(500, "internal server error") if lost == "error" else cut_connection(request)


def _limit(header: Mapping[str, str]) -> Response:
    reset = {name.replace("-Limit", "-Reset"): "60" for name in header if name.endswith("-Limit")}
    answer = _error(429, "rate limit exceeded")
    answer.headers.update({**header, **reset})
    return answer


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)
