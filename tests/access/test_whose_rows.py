"""Nobody reads or changes a row of others by its address, and no address is without a rule."""

from __future__ import annotations

import pytest

from orders.models import Ticket
from tests.access.addresses import addresses
from tests.access.table import LINES, LOG_IN, OPEN
from tests.pages.my_pages import everything

METHODS = ("get", "post", "put", "patch", "delete")


def stored():
    return [*everything(), list(Ticket.objects.order_by("pk").values())]


def ask(access, who, method, address):
    """With a ticket of the order, which is all that a body may need to do harm."""
    body = {"ticket": access.rows["ticket"].code}
    as_json = {"content_type": "application/json"} if method != "post" or "/api/" in address else {}
    sent = {} if method == "get" else {"data": body, **as_json}
    return getattr(access.people[who], method)(address, **sent)


def told(answer):
    """The status, or that it is the way to a log-in."""
    goal = answer.headers.get("Location", "")
    return LOG_IN if goal.startswith(("/accounts/login/", "/admin/login/")) else answer.status_code


def text_of(answer):
    return answer.headers.get("Location", "") + answer.content.decode(errors="replace")


def test_every_address_that_names_a_row_has_a_line_in_the_table():
    naming_rows = {route for route in addresses() if "<" in route}

    assert naming_rows == set(LINES) | set(OPEN), "Say in tests/access/table.py who may use it."


@pytest.mark.parametrize("who", ["visitor", "customer", "member"])
def test_whoever_has_nothing_to_do_with_a_row_finds_none(access, who):
    before = stored()

    for route, line in LINES.items():
        address = access.address(route, line.row)
        answers = [ask(access, who, method, address) for method in METHODS]
        assert {told(answer) for answer in answers} - {405} == {getattr(line, who)}, route
        read = "".join(text_of(answer) for answer in answers)
        unknown = [mark for mark in access.marks if mark not in address]
        assert [mark for mark in unknown if mark in read] == [], route
    assert stored() == before


def test_whoever_it_belongs_to_finds_it(access):
    """Else the test above would find nothing because there is nothing."""
    for route, line in LINES.items():
        who = "member of A" if line.row == "showing" else "owner"
        address = access.address(route, line.row)
        answers = {told(ask(access, who, method, address)) for method in METHODS}
        is_found = bool(answers - {405, 403, 404, 401, LOG_IN})
        assert is_found == ("draft" not in line.row), route


@pytest.mark.parametrize("who", ["customer", "member", "owner"])
def test_nobody_lets_the_ticket_of_another_organizer_in(access, who):
    ticket = access.rows["ticket"]
    before = stored()

    answer = access.people[who].post(
        "/api/v1/check-ins/", {"ticket": ticket.code}, content_type="application/json"
    )

    assert answer.status_code == (404 if who == "member" else 403)
    assert stored() == before
    member = access.people["member of A"]
    assert member.post(
        "/api/v1/check-ins/", {"ticket": ticket.code}, content_type="application/json"
    ).status_code == 200  # fmt: skip
