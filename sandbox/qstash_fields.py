"""Reads what is published: headers, limits and the refusals of section 10.1."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.config import QStashConfig
from sandbox.qstash_durations import read_duration
from sandbox.qstash_errors import Refusal
from sandbox.qstash_expressions import evaluate
from sandbox.qstash_records import Message

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
FORWARD = "upstash-forward-"
FLOW_CONTROL_KEY, FLOW_CONTROL_VALUE = "upstash-flow-control-key", "upstash-flow-control-value"
CALLBACK, FAILURE_CALLBACK = "upstash-callback", "upstash-failure-callback"
# Accepting these without doing what they ask for would be worse than refusing them.
NOT_BUILT = ("upstash-queue-name", "upstash-header-forward")

Headers = Mapping[str, list[str]]


@dataclass(frozen=True)
class Publication:
    """One message as it came in; header names are in lower case."""

    destination: str
    header: Headers
    body: bytes
    caller_ip: str = ""

    def first(self, name: str, default: str = "") -> str:
        """The header's value, or the default when it is absent or empty."""
        return next(iter(self.header.get(name, [])), "").strip() or default


def read_message(publication: Publication, limits: QStashConfig) -> Message:
    """The message, not accepted yet; raises `Refusal` (400) for what QStash would not take."""
    _refuse_what_is_not_built(publication)
    check_destination(publication.destination)
    _check_body(publication, limits)
    flow_control_key, parallelism = _read_flow_control(publication)
    now = time.time()
    due = _read_due(publication, limits, now)
    return Message(
        id=f"msg_{uuid.uuid4().hex}",
        url=publication.destination,
        method=_read_method(publication),
        body=publication.body,
        header=json.dumps(_forwarded(publication)),
        max_retries=_read_retries(publication, limits),
        retry_delay=_read_retry_delay(publication),
        timeout=_read_timeout(publication, limits),
        callback=_read_callback(publication, CALLBACK),
        callback_header=json.dumps(_below(publication, f"{CALLBACK}-")),
        failure_callback=_read_callback(publication, FAILURE_CALLBACK),
        failure_callback_header=json.dumps(_below(publication, f"{FAILURE_CALLBACK}-")),
        label=publication.first("upstash-label"),
        deduplication_id=_read_deduplication_id(publication),
        flow_control_key=flow_control_key,
        parallelism=parallelism,
        caller_ip=publication.caller_ip,
        created_at=int(now * 1000),
        not_before=int(due * 1000),
        next_at=due,
    )


def check_destination(url: str) -> None:
    """Raises `Refusal` (400) for an address that is no URL or leads off this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # raises for what is no number
    except ValueError:
        raise Refusal(400, f"invalid destination url: {url!r}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise Refusal(400, f"invalid destination url: {url!r} has no http:// or https:// scheme")
    if not _is_loopback(host):
        raise Refusal(400, f"unable to reach {host!r}: the sandbox delivers to loopback only")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_what_is_not_built(publication: Publication) -> None:
    for name in NOT_BUILT:
        if publication.first(name):
            raise Refusal(400, f"{name} is not part of this stand-in")


def _check_body(publication: Publication, limits: QStashConfig) -> None:
    if len(publication.body) > limits.max_body_bytes:
        raise Refusal(400, f"quota maxMessageSize exceeded: limit {limits.max_body_bytes} bytes")


def _read_method(publication: Publication) -> str:
    method = publication.first("upstash-method", "POST").upper()
    if method not in METHODS:
        raise Refusal(400, f"invalid method: {method!r}")
    return method


def _read_retries(publication: Publication, limits: QStashConfig) -> int:
    retries = _read_integer(publication, "upstash-retries", min(3, limits.max_retries))
    if retries > limits.max_retries:
        raise Refusal(400, f"quota maxRetries exceeded: limit {limits.max_retries}")
    return retries


def _read_retry_delay(publication: Publication) -> str:
    expression = publication.first("upstash-retry-delay")
    try:
        if expression:
            evaluate(expression, 0)
    except ValueError as problem:
        raise Refusal(400, f"invalid retry delay expression: {problem}") from problem
    return expression


def _read_timeout(publication: Publication, limits: QStashConfig) -> float:
    """An attempt may be cut earlier than the plan says, never later."""
    seconds = _read_seconds(publication, "upstash-timeout")
    return limits.timeout_seconds if seconds is None else min(seconds, limits.timeout_seconds)


def _read_due(publication: Publication, limits: QStashConfig, now: float) -> float:
    delay = _read_seconds(publication, "upstash-delay") or 0
    due = now + delay
    if publication.first("upstash-not-before"):
        due = max(now, _read_integer(publication, "upstash-not-before", 0))
    if due - now > limits.max_delay_seconds:
        raise Refusal(400, f"quota maxDelay exceeded: limit {limits.max_delay_seconds:.0f} seconds")
    return due


def _read_deduplication_id(publication: Publication) -> str:
    given = publication.first("upstash-deduplication-id")
    if ":" in given:
        raise Refusal(400, "DeduplicationId cannot contain ':'")
    by_content = publication.first("upstash-content-based-deduplication").lower() == "true"
    return given or (_content_id(publication) if by_content else "")


def _content_id(publication: Publication) -> str:
    """Destination, body, Content-Type and forwarded headers, but not the moment or the retries."""
    content = [publication.destination, sorted(_forwarded(publication).items())]
    digest = hashlib.sha256(json.dumps(content).encode() + b"\0" + publication.body)
    return f"content-{digest.hexdigest()}"


def _read_flow_control(publication: Publication) -> tuple[str, int]:
    """The key and how many calls it may have at a time; rates are not part of this stand-in."""
    key, value = publication.first(FLOW_CONTROL_KEY), publication.first(FLOW_CONTROL_VALUE)
    if not key and not value:
        return "", 0
    name, _, number = value.partition("=")
    if not (key and name == "parallelism" and number.isascii() and number.isdecimal()):
        raise Refusal(
            400, f"invalid flow control: {key!r} {value!r}; here it is a key and parallelism=N"
        )
    if int(number) < 1:
        raise Refusal(400, "invalid flow control: parallelism must be at least 1")
    return key, int(number)


def _read_callback(publication: Publication, name: str) -> str:
    url = publication.first(name)
    if url:
        check_destination(url)
    if publication.first(f"{name}-delay"):
        raise Refusal(400, "a callback cannot be delayed")
    return url


def _forwarded(publication: Publication) -> dict[str, list[str]]:
    """What the destination gets besides our own headers."""
    content_type = {"content-type": publication.header.get("content-type", [])}
    return {
        **{name: values for name, values in content_type.items() if values},
        **_below(publication, FORWARD),
    }


def _below(publication: Publication, prefix: str) -> dict[str, list[str]]:
    return {
        name.removeprefix(prefix): values
        for name, values in publication.header.items()
        if name.startswith(prefix)
    }


def _read_seconds(publication: Publication, name: str) -> float | None:
    text = publication.first(name)
    try:
        return read_duration(text) if text else None
    except ValueError:
        raise Refusal(400, f"invalid {name}: {text!r} is not a duration such as 1h30m") from None


def _read_integer(publication: Publication, name: str, default: int) -> int:
    text = publication.first(name)
    if text and not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Refusal(400, f"invalid {name}: {text!r} is not a whole number")
    return int(text) if text else default
