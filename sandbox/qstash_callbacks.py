"""Tells the sender what became of a message, by a message of its own (section 2)."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import replace

from sandbox.config import QStashConfig
from sandbox.qstash_fields import Publication, read_message
from sandbox.qstash_records import FAILED, Call, Message


def check_callbacks(message: Message, config: QStashConfig) -> None:
    """Raises `Refusal` (400) when the settings of a callback could not be published."""
    for url, header in _wanted(message, failed=True):
        _build(url, header, b"", config)


def build_callbacks(
    message: Message, call: Call, letter_id: str, config: QStashConfig
) -> list[Message]:
    """The calls that are due after an attempt: of each attempt, and of the failure."""
    body = json.dumps(_describe(message, call, letter_id)).encode()
    unlimited = replace(config, max_body_bytes=sys.maxsize)  # what it tells of kept the limit
    wanted = _wanted(message, failed=message.state == FAILED)
    return [_build(url, header, body, unlimited) for url, header in wanted]


def _wanted(message: Message, *, failed: bool) -> list[tuple[str, str]]:
    wanted = [(message.callback, message.callback_header)]
    if failed:
        wanted.append((message.failure_callback, message.failure_callback_header))
    return [(url, header) for url, header in wanted if url]


def _build(url: str, header: str, body: bytes, config: QStashConfig) -> Message:
    settings = {f"upstash-{name}": values for name, values in json.loads(header).items()}
    settings["content-type"] = ["application/json"]
    return read_message(Publication(url, settings, body), config)


def _describe(message: Message, call: Call, letter_id: str) -> dict[str, object]:
    described = {
        "status": call.status or 0,
        "header": json.loads(call.header),
        "body": _encode(call.body or call.error.encode()),
        "retried": call.retried,
        "maxRetries": message.max_retries,
        "sourceMessageId": message.id,
        "url": message.url,
        "method": message.method,
        "sourceHeader": json.loads(message.header),
        "sourceBody": _encode(message.body),
        "notBefore": message.not_before,
        "createdAt": message.created_at,
        "callerIP": message.caller_ip,
        "scheduleId": message.schedule_id,
        "dlqId": letter_id,
    }
    optional = ("scheduleId", "dlqId")
    return {name: value for name, value in described.items() if value or name not in optional}


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()
