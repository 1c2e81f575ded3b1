"""A run has the chapters that are asked for, and fails if what it measured was wrong."""

from __future__ import annotations

from importlib import import_module

import pytest

from benchmarks.__main__ import CHAPTERS, parse_options
from benchmarks.report import Report


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_has_something_to_tell(name):
    assert callable(import_module(f"benchmarks.{name}").tell)


def test_all_chapters_run_unless_some_are_named():
    assert parse_options([]).only == CHAPTERS
    assert parse_options(["--only", "seat_map, orders"]).only == ["orders", "seat_map"]


def test_a_chapter_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse_options(["--only", "orders,weather"])

    assert "there is no chapter weather" in capsys.readouterr().err


def test_wrong_answers_are_failures_and_good_ones_are_not():
    report = Report()

    report.check_answers("orders", {})
    assert report.failures == []

    report.check_answers("orders", {500: 2})
    assert "Wrong answers in orders, by status: {500: 2}." in report.table()
    assert report.failures
