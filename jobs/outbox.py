"""Facts that somebody has to act on later, recorded with the change that made them true."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from jobs.models import Job

Handler = Callable[..., None]

_handlers: dict[str, Handler] = {}


class UnknownTopic(Exception):
    """No handler is bound to the topic: a typo, or an app that is not installed."""


class RunLater(Exception):
    """A handler raises it to be called again at `at`: not a failure, only too early."""

    def __init__(self, at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.at = at


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Bind a function to `topic`. It is called with the payload as keyword arguments.

    Jobs may run twice, late and in any order, so a handler must be safe to repeat. It runs outside
    any transaction. Raise `RunLater` to be called again; any other exception counts as a failure.
    """

    def bind(handler: Handler) -> Handler:
        if topic in _handlers:
            raise ValueError(f"Topic {topic} has a handler already.")
        _handlers[topic] = handler
        return handler

    return bind


def handler_of(topic: str) -> Handler:
    """The function bound to `topic`; raises UnknownTopic."""
    try:
        return _handlers[topic]
    except KeyError:
        raise UnknownTopic(topic) from None


def enqueue(topic: str, *, run_at: datetime, **payload: Any) -> Job:
    """Record in the caller's transaction that `topic` is to be handled at `run_at`, or soon after.

    Raises UnknownTopic at once, so that a typo fails the first test and not the first night.
    """
    handler_of(topic)
    return Job.objects.create(topic=topic, payload=payload, run_at=run_at)
