"""Keep every provider message, whatever becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from jobs.writing import insert
from payments.models import Channel, ProviderMessage
from payments.providers import Provider

LONGEST_REFERENCE = 100


def log_message(
    provider: Provider,
    channel: Channel,
    body: Mapping[str, Any],
    *,
    txn_ref: str,
    at: datetime,
    remote_address: str | None = None,
    is_believed: bool | None = None,
) -> None:
    """Store a message as it was, less secrets and card data, in a transaction of its own.

    It is stored before anything is done about it, and a forged or broken one leaves a trace too.
    `is_believed` is for calls from outside only: False of a forged one, None of a broken one.
    """
    message = new_message(provider, channel, body, txn_ref=txn_ref, at=at)
    message.remote_address = _storable_address(remote_address or "")
    message.is_believed = is_believed
    insert([message])


def new_message(
    provider: Provider, channel: Channel, body: Mapping[str, Any], *, txn_ref: str, at: datetime
) -> ProviderMessage:
    """A message as it is to be stored, perhaps together with others."""
    return ProviderMessage(
        provider=provider.name,
        channel=channel,
        # Anybody may call with any reference: what does not fit the column is cut, and kept.
        txn_ref=txn_ref[:LONGEST_REFERENCE].replace("\0", ""),
        body=storable(provider, body),
        at=at,
    )


def storable(provider: Provider, body: Mapping[str, Any]) -> dict[str, Any]:
    """The message less secrets and card data, and less what PostgreSQL can't store."""
    # Whoever sends the NUL character must not escape the log by it.
    text = json.dumps(provider.redact(body)).replace("\\u0000", "\\ufffd")
    kept: dict[str, Any] = json.loads(text)
    return kept


def _storable_address(text: str) -> str | None:
    """Nothing for what is no address: some proxies add a port, and a call counts all the same."""
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return None
