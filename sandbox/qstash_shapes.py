"""The objects of the API (qstash.md section 1.4)."""

from __future__ import annotations

import base64
import json

from sandbox.config import QStashConfig
from sandbox.qstash_fields import read_message
from sandbox.qstash_records import PAUSED, DeadLetter, Happening, Message, Schedule
from sandbox.qstash_schedules import to_publication

Shape = dict[str, object]


def show_message(message: Message) -> Shape:
    """A message."""
    return _without_empty(
        {
            "messageId": message.id,
            "url": message.url,
            "method": message.method,
            "maxRetries": message.max_retries,
            "notBefore": message.not_before,
            "createdAt": message.created_at,
            "retryDelayExpression": message.retry_delay,
            "header": json.loads(message.header),
            "callback": message.callback,
            "callbackHeader": json.loads(message.callback_header),
            "failureCallback": message.failure_callback,
            "failureCallbackHeader": json.loads(message.failure_callback_header),
            "scheduleId": message.schedule_id,
            "callerIP": message.caller_ip,
            "label": message.label,
            "flowControlKey": message.flow_control_key,
            "parallelism": message.parallelism or None,
            **_show_body(message.body, "body"),
        }
    )


def show_dead_letter(letter: DeadLetter, message: Message) -> Shape:
    """A message that was given up, and why."""
    return {
        **show_message(message),
        "dlqId": letter.id,
        "responseStatus": letter.status,
        "responseHeader": json.loads(letter.header),
        **_show_body(letter.body, "responseBody"),
    }


def show_happening(happening: Happening, message: Message) -> Shape:
    """A line of the log."""
    next_at = happening.next_at
    optional: Shape = {
        "nextDeliveryTime": int(next_at * 1000) if next_at is not None else None,
        "responseStatus": happening.status,
        "error": happening.error,
        "scheduleId": message.schedule_id,
        "label": message.label,
    }
    return {
        "time": happening.at,
        "messageId": message.id,
        "state": happening.state,
        "url": message.url,
        "method": message.method,
        "maxRetries": message.max_retries,
        "header": json.loads(message.header),
        **_without_empty(optional),
    }


def show_schedule(schedule: Schedule, config: QStashConfig) -> Shape:
    """A schedule."""
    message = read_message(to_publication(schedule), config)
    as_message = show_message(message)
    taken = ("header", "callback", "failureCallback", "callerIP", "label", "body", "bodyBase64")
    return {
        "scheduleId": schedule.id,
        "destination": schedule.destination,
        "cron": schedule.cron,
        "createdAt": schedule.created_at,
        "method": message.method,
        "retries": message.max_retries,
        "isPaused": schedule.state == PAUSED,
        "nextScheduleTime": int(schedule.next_at * 1000),
        **_without_empty({"lastScheduleTime": schedule.last_at}),
        **{name: as_message[name] for name in taken if name in as_message},
    }


def _show_body(body: bytes, name: str) -> Shape:
    try:
        return {name: body.decode()}
    except UnicodeDecodeError:
        return {f"{name}Base64": base64.b64encode(body).decode()}


def _without_empty(shape: Shape) -> Shape:
    return {name: value for name, value in shape.items() if value not in ("", None, {})}
