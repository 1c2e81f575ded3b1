"""What can go wrong around the product, one after the other, and how long it took to be over."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import psutil
import psycopg

from benchmarks import machine
from benchmarks.chaos.fleet import Fleet

BETWEEN_SECONDS = 1.0  # of quiet after a recovery
LASTING_SECONDS = 3.0  # of what is not over at once

Fault = Callable[[Fleet, random.Random], None]


def _kill(name: str) -> Fault:
    return lambda fleet, dice: fleet.kill(name)


def _freeze(name: str) -> Fault:
    def freeze(fleet: Fleet, dice: random.Random) -> None:
        fleet.signal(name, signal.SIGSTOP)
        time.sleep(LASTING_SECONDS)
        fleet.signal(name, signal.SIGCONT)

    return freeze


def _weather(**switches: object) -> Fault:
    def change(fleet: Fleet, dice: random.Random) -> None:
        fleet.set_weather(**switches)
        time.sleep(LASTING_SECONDS)
        fleet.clear_weather()

    return change


def kill_web_worker(fleet: Fleet, dice: random.Random) -> None:
    with suppress(psutil.NoSuchProcess):
        dice.choice(fleet.web_workers()).kill()


def freeze_web_worker(fleet: Fleet, dice: random.Random) -> None:
    with _frozen([dice.choice(fleet.web_workers())]):
        time.sleep(LASTING_SECONDS)


def kill_database(fleet: Fleet, dice: random.Random) -> None:
    """Its first process; the others notice and leave, and only then it may start again."""
    processes = fleet.database()
    processes[0].kill()
    _gone, left = psutil.wait_procs(processes, timeout=LASTING_SECONDS)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=LASTING_SECONDS)
    fleet.restart_database()


def kill_database_session(fleet: Fleet, dice: random.Random) -> None:
    """PostgreSQL then ends all sessions and recovers by itself."""
    session = machine.connect(fleet.socket_dir)  # so that there is one
    psutil.Process(session.info.backend_pid).kill()
    session.close()


def freeze_database(fleet: Fleet, dice: random.Random) -> None:
    with _frozen(fleet.database()):
        time.sleep(LASTING_SECONDS)


def fill_connections(fleet: Fleet, dice: random.Random) -> None:
    """End everybody's session and take all there may be, as a runaway program would."""
    with ExitStack() as stack:
        first = stack.enter_context(closing(machine.connect(fleet.socket_dir)))
        first.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        deadline = time.monotonic() + LASTING_SECONDS
        while time.monotonic() < deadline:
            try:
                stack.enter_context(closing(machine.connect(fleet.socket_dir)))
            except psycopg.OperationalError:  # full
                time.sleep(0.1)


@contextmanager
def _frozen(processes: Iterable[psutil.Process]) -> Iterator[None]:
    processes = list(processes)
    try:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()


FAULTS: dict[str, Fault] = {
    "PostgreSQL killed": kill_database,
    "a session of PostgreSQL killed": kill_database_session,
    "PostgreSQL frozen": freeze_database,
    "all connections taken": fill_connections,
    "a web worker killed": kill_web_worker,
    "a web worker frozen": freeze_web_worker,
    "web server killed": _kill("web"),
    "relay killed": _kill("relay"),
    "relay frozen": _freeze("relay"),
    "sweep killed": _kill("sweep"),
    "stand-ins killed": _kill("stand-ins"),
    "stand-ins frozen": _freeze("stand-ins"),
    "messages lost": _weather(no_ipn=True, qstash_dropped=True),
    "messages doubled": _weather(ipn_twice=True, qstash_twice="parallel"),
    "messages late and reversed": _weather(ipn_late_seconds=5, qstash_reversed_seconds=2),
    "answers lost": _weather(answer_lost=True, qstash_answer_lost=True, mail_answer_lost=True),
    "outside world away": _weather(api_down="cut", qstash_down=True, mail_refused=True),
}


class Troublemaker(threading.Thread):
    """Does one fault after the other, each kind once before any comes again, until told to end.

    `recoveries` has the seconds from each fault until everything worked again, by kind; `trouble`
    is what ended it early.
    """

    def __init__(self, fleet: Fleet, seed: int, *, tell: Callable[[str], None]) -> None:
        super().__init__()
        self.fleet, self.dice, self.tell = fleet, random.Random(seed), tell
        self.recoveries: dict[str, list[float]] = {name: [] for name in FAULTS}
        self.trouble: Exception | None = None
        self._over = threading.Event()

    def run(self) -> None:
        try:
            while not self._over.is_set():
                for name in self.dice.sample(list(FAULTS), len(FAULTS)):
                    if self._over.wait(BETWEEN_SECONDS):
                        break
                    self._do(name)
        except Exception as trouble:
            self.trouble = trouble

    def end(self) -> None:
        """After the fault that is under way, and its recovery."""
        self._over.set()
        self.join()
        if self.trouble:
            raise self.trouble

    def _do(self, name: str) -> None:
        started = time.monotonic()
        FAULTS[name](self.fleet, self.dice)
        self.fleet.wait_until_well()
        seconds = time.monotonic() - started
        self.recoveries[name].append(seconds)
        self.tell(f"{name}: all well after {seconds:.1f} s")
