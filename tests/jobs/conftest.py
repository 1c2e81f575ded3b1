from __future__ import annotations

import pytest

from jobs import outbox


@pytest.fixture
def calls(monkeypatch):
    """What a handler of the topic `test.note` was called with."""
    noted: list[dict] = []
    monkeypatch.setitem(outbox._handlers, "test.note", lambda **payload: noted.append(payload))
    return noted


@pytest.fixture
def handler(monkeypatch):
    """Binds a function to the topic `test.topic`."""
    return lambda function: monkeypatch.setitem(outbox._handlers, "test.topic", function)
