from __future__ import annotations

import pytest

from tests.factories import EventFactory


@pytest.fixture
def event():
    """Published, and its tickets are on sale."""
    return EventFactory()
