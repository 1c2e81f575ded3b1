"""Calling VNPay's API. Whatever the network does, the caller gets an answer, if only "unknown"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

from payments.vnpay.config import Config
from payments.vnpay.query import (
    NO_INFORMATION,
    QueryAnswer,
    decoded,
    query_request,
    read_query_answer,
)

LARGEST_ANSWER = 64 * 1024
SECRET_FIELDS = {
    "vnp_securehash",
    "vnp_cardnumber",
    "vnp_cardholder",
    "vnp_issuer",
    "vnp_banktranno",
}


@dataclass(frozen=True)
class Exchange:
    """One question and its answer, as they travelled."""

    answer: QueryAnswer
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
    """
    sent = query_request(txn_ref=txn_ref, transaction_date=transaction_date, now=now, config=config)
    try:
        received = _post(sent, config)
    except (requests.RequestException, ValueError, RecursionError) as trouble:
        return Exchange(NO_INFORMATION, sent, {"error": f"{type(trouble).__name__}: {trouble}"})
    answer = read_query_answer(received, txn_ref=txn_ref, config=config)
    return Exchange(answer, sent, received)


def _post(body: dict[str, str], config: Config) -> dict[str, Any]:
    with requests.post(
        config.api_url, json=body, timeout=config.timeout, allow_redirects=False, stream=True
    ) as response:
        content = response.raw.read(LARGEST_ANSWER + 1, decode_content=True)
        if response.status_code != requests.codes.ok:
            raise ValueError(f"HTTP {response.status_code}")
    if len(content) > LARGEST_ANSWER:
        raise ValueError("The answer is too long to be one.")
    return decoded(content)
