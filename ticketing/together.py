"""One question to the database for all who ask the same at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")


class _Group(Generic[Wish, Answer]):
    """Those who wait for one answer, and what each of them wants to know."""

    def __init__(self) -> None:
        self.wishes: set[Wish] = set()
        self.answer: Future[Answer] = Future()


class Together(Generic[Wish, Answer]):
    """Answers the threads of a process together, each with what was found out after it had asked.

    Whoever comes while something is being found out joins the group that is next; the first of it
    finds out for all. So however many ask about one thing, there is one question at a time, and
    nobody waits for more than two. If it fails, it fails for the whole group.
    """

    def __init__(self) -> None:
        self._asking: dict[int, _Group[Wish, Answer]] = {}
        self._next: dict[int, _Group[Wish, Answer]] = {}
        self._lock = threading.Lock()

    def ask(self, about: int, wish: Wish, find_out: Callable[[Collection[Wish]], Answer]) -> Answer:
        """What `find_out` gives for the wishes of all who ask about the same; raises what it does.

        It is called outside of any lock.
        """
        with self._lock:
            # Who joins in here has asked before the group begins, so the answer is new enough.
            is_first = about not in self._next
            group = self._next.setdefault(about, _Group())
            group.wishes.add(wish)
        if is_first:
            self._wait_for_those_before(about)
            self._speak_for(group, about, find_out)
        return group.answer.result()

    def _wait_for_those_before(self, about: int) -> None:
        """Nobody keeps what they were told: under load there is always a group before."""
        with self._lock:
            group = self._asking.get(about)
        if group:
            group.answer.exception()  # whatever comes of it

    def _speak_for(
        self,
        group: _Group[Wish, Answer],
        about: int,
        find_out: Callable[[Collection[Wish]], Answer],
    ) -> None:
        # Who comes from here on may want to know what is newer.
        with self._lock:
            self._asking[about] = self._next.pop(about)
        try:
            group.answer.set_result(find_out(group.wishes))
        # Whatever it is: those who wait would wait for ever.
        except BaseException as failure:
            group.answer.set_exception(failure)
        with self._lock:
            # The next may have begun, and even ended.
            if self._asking.get(about) is group:
                del self._asking[about]
