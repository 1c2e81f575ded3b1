"""What is done with many at once, and what becomes of them where one of them is in the way."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event, Thread, active_count, stack_size

import pytest

from refunds.services.sending import carry_out, together_or_alone
from tests.sandbox_process import wait_until


def halves(numbers):
    if any(number % 2 for number in numbers):
        raise ValueError("This one is odd.")
    return [number // 2 for number in numbers]


@pytest.mark.owner  # to ask for fewer rights would begin a transaction
def test_one_that_fails_keeps_none_beside_it_from_being_done(caplog):
    assert together_or_alone(halves, [2, 3, 8]) == ([1, 4], 1)

    assert [record.getMessage() for record in caplog.records] == ["3 can't be done."]


def test_nothing_to_do_is_not_done():
    done = []

    assert together_or_alone(done.append, []) == ([], 0)

    assert done == []


@pytest.mark.owner  # no row is written
def test_where_no_thread_can_be_started_the_work_ends_with_an_error():
    """One of the two that send has the only connection then, and the other waits for it."""
    others, ended = active_count(), SimpleQueue()
    at_work = others + 5  # ours, and those that find, record and send

    def ids():
        wait_until(lambda: active_count() >= at_work, seconds=20, what="both to send")
        stack_size(2**46)  # more than there is memory for
        yield from (1, 2)

    def work():
        try:
            carry_out(ids(), connections=1, stopping=Event())
        except RuntimeError as error:
            ended.put(str(error))

    try:
        Thread(target=work, daemon=True).start()
        assert "can't start new thread" in ended.get(timeout=20)
    finally:
        stack_size(0)
