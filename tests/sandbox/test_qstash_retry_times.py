"""The waits of production, computed and not waited for."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from sandbox.qstash_durations import read_duration, retry_seconds
from sandbox.qstash_expressions import evaluate


def test_the_backoff_is_that_of_the_documentation():
    waits = [round(retry_seconds("", retried, {})) for retried in range(6)]

    assert waits == [12, 148, 1808, 22026, 86400, 86400]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("5m", 300), ("2h", 7200), ("7d", 604_800), ("1d10h30m", 124_200), ("0s", 0)],
)
def test_durations_may_be_compound(text, seconds):
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "s", "1.5s", "-1s", "1w", "1h ", "١s"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(ValueError, match="not a duration"):
        read_duration(text)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": "6m5s"}, 365),
        ({"retry-after": "0"}, 0),
        ({"x-ratelimit-reset": "7"}, 7),
        ({"x-ratelimit-reset-requests": "8s"}, 8),
        ({"x-ratelimit-reset-tokens": "9"}, 9),
        ({"retry-after": "1", "x-ratelimit-reset": "2"}, 1),
        ({"retry-after": "86401"}, 5),
        ({"retry-after": "soon"}, 5),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({}, 5),
    ],
)
def test_the_answer_beats_the_expression_unless_it_asks_for_more_than_a_day(header, seconds):
    assert retry_seconds("5000", 0, header) == seconds


def test_the_answer_may_name_a_moment():
    header = {"retry-after": formatdate(time.time() + 100, usegmt=True)}

    assert 90 < retry_seconds("", 0, header) <= 100


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("1000", [1000, 1000, 1000]),
        ("1000 * (1 + retried)", [1000, 2000, 3000]),
        ("min(pow(4, retried) * 5000, 60000)", [5000, 20000, 60000]),
        ("max(10, pow(2, retried)) / 4 - 1", [1.5, 1.5, 1.5]),
        ("floor(sqrt(abs(-retried)))", [0, 1, 1]),
        ("round(exp(retried)) + ceil(0.5)", [2, 4, 8]),
    ],
)
def test_an_expression_counts_the_retries_from_zero(expression, values):
    assert [evaluate(expression, retried) for retried in range(3)] == values


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "pow(2",
        "2 ** 9 ** 9 ** 9",
        "pow(9, pow(9, 9))",
        "exp(1e9)",
        "1 / retried",
        "sqrt(-1)",
        "max()",
        "True",
        "'a' * 9",
        "other",
        "open('x')",
        "retried.real",
        "[1][0]",
        "(lambda: 1)()",
        "1 if retried else 2",
        "pow(2, 3, x=1)",
        "-" * 500 + "1",
        "(" * 150 + "1" + ")" * 49,
        "1e999",
    ],
)
def test_anything_else_is_no_expression(expression):
    with pytest.raises(ValueError, match=r"."):
        evaluate(expression, 0)


def test_an_expression_that_fails_later_falls_back_to_the_backoff():
    assert round(retry_seconds("sqrt(1 - retried)", 2, {})) == 1808


def test_a_negative_wait_means_at_once():
    assert retry_seconds("-5", 0, {}) == 0
