"""Calling VNPay's API. Whatever the network does, the caller gets an answer, if only "unknown"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from threading import Thread, local
from time import monotonic
from typing import Any, TypeVar

import requests
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from payments.vnpay.config import Config
from payments.vnpay.query import (
    NO_INFORMATION,
    QueryAnswer,
    decoded,
    query_request,
    read_query_answer,
)
from payments.vnpay.refund import (
    NEVER_LEFT,
    NO_REPLY,
    RefundReply,
    read_refund_answer,
    signed_refund,
)

Given = TypeVar("Given")

LARGEST_ANSWER = 64 * 1024
# Seconds. A connection that is closed while a request is under way leaves in doubt what became of
# that, so none is used again after which a server might have lost patience.
REUSED_WITHIN = 1.0
# RecursionError is JSON that is nested too deeply; ValueError is what we raise of an answer.
TROUBLE = (requests.RequestException, HTTPError, TimeoutError, ValueError, RecursionError)
NO_ADDRESS = (
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
)
SECRET_FIELDS = {
    "vnp_securehash",
    "vnp_cardnumber",
    "vnp_cardholder",
    "vnp_issuer",
    "vnp_banktranno",
}


class _Kept(local):
    """The session of a thread's last call, if all went well, and when that was."""

    session: requests.Session | None = None
    used_at = 0.0


_kept = _Kept()


@dataclass(frozen=True)
class Exchange:
    """One question and its answer, as they travelled."""

    answer: QueryAnswer
    sent: dict[str, Any] = field(default_factory=dict)
    received: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RefundExchange:
    """One request for money back and its answer, as they travelled."""

    reply: RefundReply
    sent: dict[str, Any] = field(default_factory=dict)
    received: dict[str, Any] = field(default_factory=dict)


def redacted(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message without signature and card data, for the log."""
    return {
        name: "[removed]" if name.lower() in SECRET_FIELDS else value
        for name, value in message.items()
    }


def query(*, txn_ref: str, transaction_date: str, now: datetime, config: Config) -> Exchange:
    """Ask VNPay about one attempt. Never raises for what the network or VNPay does.

    Timeouts, refusals, redirects, errors and unreadable answers are no information, not failure.
    All of it together takes no longer than the two timeouts of the configuration.
    """
    sent = query_request(txn_ref=txn_ref, transaction_date=transaction_date, now=now, config=config)
    try:
        received = _exchange(sent, config)
    except TROUBLE as trouble:
        return Exchange(NO_INFORMATION, sent, _told(trouble))
    answer = read_query_answer(received, txn_ref=txn_ref, config=config)
    return Exchange(answer, sent, received)


def refund(request: Mapping[str, str], *, config: Config) -> RefundExchange:
    """Sign a request for money back and send it, once. Never raises for what the network does.

    It is not sent only if there was provably no connection to send it on. After that anything but
    an answer that can be trusted leaves unknown what VNPay did.
    """
    sent = signed_refund(request, config)
    try:
        received = _exchange(sent, config)
    except TROUBLE as trouble:
        reply = NEVER_LEFT if _had_no_connection(trouble) else NO_REPLY
        return RefundExchange(reply, sent, _told(trouble))
    reply = read_refund_answer(received, request=request, config=config)
    return RefundExchange(reply, sent, received)


def _exchange(sent: dict[str, str], config: Config) -> dict[str, Any]:
    session = _take_session(config)
    body = _within(sum(config.timeout), lambda: _post(session, sent, config))
    # Kept only now that nothing went wrong with its connection.
    _kept.session, _kept.used_at = session, monotonic()
    return decoded(body)


def _take_session(config: Config) -> requests.Session:
    """This thread's last one with its open connection, if it was used just now; or a new one."""
    # Nobody keeps it while it is used: after a failure it is not used once more.
    session, _kept.session = _kept.session, None
    if session is not None and monotonic() - _kept.used_at < REUSED_WITHIN:
        return session
    if session is not None:
        session.close()
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each call is its own
    _settle_environment(session, config)
    return session


def _settle_environment(session: requests.Session, config: Config) -> None:
    """Read proxies and certificates from the environment now, not again with each call."""
    found = session.merge_environment_settings(config.api_url, {}, None, None, None)
    session.proxies, session.verify, session.trust_env = found["proxies"], found["verify"], False


def _told(trouble: Exception) -> dict[str, Any]:
    return {"error": f"{type(trouble).__name__}: {trouble}"}


def _had_no_connection(trouble: Exception) -> bool:
    """No address, refused, name not found, or not reached in time. A timeout of ours is none."""
    if isinstance(trouble, (requests.ConnectTimeout, *NO_ADDRESS)):
        return True
    cause = trouble.args[0] if trouble.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _within(seconds: float, work: Callable[[], Given]) -> Given:
    """What `work` gives. Raises what it raises, or TimeoutError when it takes longer.

    The timeouts of `requests` start again with every byte, and do not count the look-up of the
    name. So a thread does the work; once given up, it ends with its connection, or the process.
    """
    given: Future[Given] = Future()

    def run() -> None:
        try:
            given.set_result(work())
        # Whatever it is, it belongs to whoever waits: in a thread of its own nobody would see it.
        except BaseException as fault:
            given.set_exception(fault)

    Thread(target=run, daemon=True).start()
    return given.result(timeout=seconds)


def _post(session: requests.Session, body: dict[str, str], config: Config) -> bytes:
    # A redirect would lead to an address that nobody has configured; it counts as no answer.
    # Streamed, so that an answer without an end does not fill the memory.
    with session.post(
        config.api_url, json=body, timeout=config.timeout, allow_redirects=False, stream=True
    ) as response:
        content: bytes = response.raw.read(LARGEST_ANSWER + 1, decode_content=True)
        if response.status_code != requests.codes.ok:
            raise ValueError(f"HTTP {response.status_code}")
    if len(content) > LARGEST_ANSWER:
        raise ValueError("The answer is too long to be one.")
    return content
