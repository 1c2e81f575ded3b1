"""Threads that ask the same at the same time are answered together."""

from __future__ import annotations

import itertools
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox_process import wait_until
from ticketing.together import Together

HERE, ELSEWHERE = 1, 2
LONG_ENOUGH = 10  # seconds, for what is to come at once


class Wish:
    """Tells when it has been added to a group, which looks at its hash."""

    def __init__(self):
        self._is_known = threading.Semaphore(0)

    def __hash__(self):
        self._is_known.release()
        return id(self)

    def wait_until_known(self):
        assert self._is_known.acquire(timeout=LONG_ENOUGH)


class Oracle:
    """Says how often it has been asked, each time as soon as the test lets it."""

    def __init__(self):
        self.asked, self.begun, self.may_answer = [], threading.Semaphore(0), threading.Event()

    def __call__(self, wishes):
        self.asked.append(set(wishes))
        number = len(self.asked)
        self.begun.release()
        assert self.may_answer.wait(LONG_ENOUGH)
        return number


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
def together():
    return Together()


@pytest.fixture
def oracle():
    return Oracle()


def joined(threads, together, oracle, count):
    """So many who ask, with what they are going to be told."""
    wishes = [Wish() for _ in range(count)]
    told = [threads.submit(together.ask, HERE, wish, oracle) for wish in wishes]
    for wish in wishes:
        wish.wait_until_known()
    return wishes, told


def results(futures):
    return [future.result(LONG_ENOUGH) for future in futures]


def test_those_who_come_while_one_is_asking_are_told_together_what_is_found_out_after_it(
    threads, together, oracle
):
    first, told_first = joined(threads, together, oracle, 1)
    assert oracle.begun.acquire(timeout=LONG_ENOUGH)
    others, told_others = joined(threads, together, oracle, 5)
    assert len(oracle.asked) == 1

    oracle.may_answer.set()

    assert results(told_first) == [1]
    assert results(told_others) == [2] * 5
    assert oracle.asked == [set(first), set(others)]


def test_who_comes_later_is_not_told_what_was_found_out_before(threads, together, oracle):
    oracle.may_answer.set()

    assert [together.ask(HERE, Wish(), oracle) for _ in range(3)] == [1, 2, 3]


def test_who_asks_about_something_else_does_not_wait(threads, together, oracle):
    _, told = joined(threads, together, oracle, 1)
    assert oracle.begun.acquire(timeout=LONG_ENOUGH)

    assert together.ask(ELSEWHERE, Wish(), len) == 1

    assert not told[0].done()
    oracle.may_answer.set()
    assert results(told) == [1]


def test_a_failure_is_told_to_its_group_and_the_next_asks_anew(threads, together, oracle):
    def fail(wishes):
        oracle(wishes)
        raise ConnectionError("away")

    _, told_first = joined(threads, together, oracle, 1)
    assert oracle.begun.acquire(timeout=LONG_ENOUGH)
    _, told_others = joined(threads, together, fail, 3)

    oracle.may_answer.set()

    assert results(told_first) == [1]
    for told in told_others:
        with pytest.raises(ConnectionError, match="away"):
            told.result(LONG_ENOUGH)
    assert together.ask(HERE, Wish(), oracle) == 3


class Told:
    """An answer that can be watched."""


def test_no_answer_is_kept_however_long_others_go_on_asking(threads, together):
    """Each group is there before the answer of the one in front of it."""
    begun, may_answer = threading.Semaphore(0), threading.Semaphore(0)
    kept = []

    def find_out(wishes):
        begun.release()
        assert may_answer.acquire(timeout=LONG_ENOUGH)
        told = Told()
        kept.append(weakref.ref(told))
        return told

    waiting = []
    for _ in range(5):
        _, told = joined(threads, together, find_out, 1)
        waiting += told
        if len(waiting) > 1:
            may_answer.release()
            waiting.pop(0).result(LONG_ENOUGH)
        assert begun.acquire(timeout=LONG_ENOUGH)

    wait_until(
        lambda: [each() for each in kept] == [None] * 4, seconds=10, what="old answers to go"
    )
    may_answer.release()
    assert isinstance(waiting.pop().result(LONG_ENOUGH), Told)


@pytest.fixture
def _hasty_threads():
    """They take turns as often as they can, so that each comes between any two steps of others."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_hasty_threads")
def test_whoever_asks_in_a_crowd_is_told_something_found_out_after_that(threads, together):
    clock = itertools.count()

    def ask(_):
        asked = next(clock)
        return asked, together.ask(asked % 2, asked, lambda wishes: next(clock))

    told = list(threads.map(ask, range(20_000)))

    assert all(found_at > asked for asked, found_at in told)
    assert together._next == together._asking == {}
