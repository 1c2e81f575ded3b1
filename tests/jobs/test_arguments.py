"""The numbers of every command: nonsense is refused before anything is done."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import CommandError

from jobs.models import Job
from jobs.outbox import enqueue
from tests.factories import from_now

OURS = ["jobs", "ticketing", "orders", "payments", "refunds", "benchmarks"]
NONSENSE = ["", "many", "-1", "-0.5", "nan", "inf", "1e400", "9" * 40, "1 000"]


def numbers():
    """Every argument of our commands that is a number."""
    for name, app in get_commands().items():
        if app not in OURS:
            continue
        parser = load_command_class(app, name).create_parser("manage.py", name)
        for action in parser._actions:
            if _is_number(action) and not action.choices and action.metavar != "ID":
                yield pytest.param(action, id=f"{name} {action.dest}")


def _is_number(action):
    try:
        return isinstance(action.type and action.type("1"), int | float)
    except ArgumentTypeError:
        return False


@pytest.mark.parametrize("argument", list(numbers()))
def test_no_command_takes_a_number_that_makes_no_sense(argument):
    for text in NONSENSE:
        with pytest.raises(ArgumentTypeError, match="number from"):
            argument.type(text)
    if argument.default is not None:
        assert argument.type(str(argument.default)) == argument.default


def test_there_are_such_arguments():
    assert len(list(numbers())) > 10


# Nothing at all, or over and over again without a pause.
@pytest.mark.parametrize(
    ("command", "given"),
    [
        ("run_due_jobs", "--limit=0"),
        ("run_due_jobs", "--limit=-1"),
        ("run_due_jobs", "--every=0"),
        ("run_due_jobs", "--overdue-by=-1"),
        ("publish_jobs", "--poll=0"),
        ("settle_orders", "--limit=0"),
        ("settle_orders", "--limit=-1"),
        ("process_refunds", "--limit=0"),
        ("reconcile_payments", "--days=0"),
        ("prune_jobs", "--days=-1"),
    ],
)
def test_the_refusal_names_the_argument_and_nothing_is_done(handler, command, given):
    handler(lambda: None)
    enqueue("test.topic", run_at=from_now(days=-400))
    before = list(Job.objects.values())

    with pytest.raises(CommandError, match=rf"argument {given.split('=')[0]}: a (whole )?number"):
        call_command(command, given)

    assert list(Job.objects.values()) == before
