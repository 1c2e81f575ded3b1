"""What is done with many at once, and what becomes of them where one of them is in the way."""

from __future__ import annotations

import pytest

from refunds.services.sending import together


def halves(numbers):
    if any(number % 2 for number in numbers):
        raise ValueError("This one is odd.")
    return [number // 2 for number in numbers]


@pytest.mark.owner  # to ask for fewer rights would begin a transaction
def test_one_that_fails_keeps_none_beside_it_from_being_done(caplog):
    assert together(halves, [2, 3, 8]) == ([1, 4], 1)

    assert [record.getMessage() for record in caplog.records] == ["3 can't be done."]


def test_nothing_to_do_is_not_done():
    done = []

    assert together(done.append, []) == ([], 0)

    assert done == []
