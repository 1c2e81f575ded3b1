"""Pages know their customer by the session, and nobody else's orders exist."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.factories import (
    paid_order,
    placed_order,
)
from tests.pages.my_pages import everything, page_of


@pytest.mark.parametrize(
    "rest", ["", "event.ics", "tickets.pdf", "refund/", "refund/quote/?reason=personal"]
)
def test_who_is_not_signed_in_is_asked_to_and_comes_back(client, paid, rest):
    answer = client.get(page_of(paid, rest))

    assert answer.status_code == 302
    asked = urlsplit(answer.headers["Location"])
    assert asked.path == "/accounts/login/"
    assert parse_qs(asked.query) == {"next": [page_of(paid, rest)]}


def test_my_orders_are_for_those_who_are_signed_in(client):
    assert client.get("/orders/").headers["Location"] == "/accounts/login/?next=/orders/"


@pytest.mark.parametrize("action", ["pay/", "cancel/", "refund/request/"])
def test_who_was_signed_out_meanwhile_changes_nothing_and_comes_back_to_the_order(
    client, order, action
):
    before = everything()

    answer = client.post(page_of(order, action))

    assert answer.headers["Location"] == f"/accounts/login/?next={page_of(order)}"
    assert everything() == before


@pytest.mark.parametrize(
    "rest", ["", "state/", "event.ics", "tickets.pdf", "refund/", "refund/quote/?reason=personal"]
)
def test_somebody_elses_order_does_not_exist(me, rest):
    assert me.get(page_of(paid_order(), rest)).status_code == 404


@pytest.mark.parametrize("action", ["pay/", "cancel/", "refund/request/"])
def test_nothing_can_be_done_to_somebody_elses_order(me, action):
    order = placed_order()
    before = everything()

    assert me.post(page_of(order, action)).status_code == 404
    assert everything() == before


@pytest.mark.parametrize("file", ["qr.svg", "ticket.pdf"])
def test_somebody_elses_ticket_does_not_exist(me, client, file):
    ticket = paid_order().tickets.first()

    assert me.get(f"/tickets/{ticket.code}/{file}").status_code == 404
    assert Client().get(f"/tickets/{ticket.code}/{file}").status_code == 302


@pytest.mark.parametrize("code", ["LOST", "0" * 12, "%00" * 12, "a" * 12])
def test_what_cannot_be_a_code_is_no_address(me, code):
    assert me.get(f"/orders/{code}/").status_code == 404


def test_the_state_is_no_page_to_be_sent_to_after_signing_in(client, order):
    assert client.get(page_of(order, "state/")).status_code == 403


@pytest.mark.parametrize("action", ["pay/", "cancel/", "refund/request/"])
def test_nothing_changes_by_being_visited(me, order, action):
    before = everything()

    assert me.get(page_of(order, action)).status_code == 405
    assert everything() == before


@pytest.mark.parametrize("action", ["pay/", "cancel/", "refund/request/"])
def test_other_sites_cannot_press_our_buttons(customer, order, action):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(customer)
    before = everything()

    assert browser.post(page_of(order, action)).status_code == 403
    assert everything() == before


def test_nobody_elses_orders_are_listed(me, order):
    others = placed_order()

    listed = me.get("/orders/").content.decode()

    assert order.code in listed
    assert others.code not in listed


def test_who_presses_too_often_is_asked_to_wait(me, order):
    answers = [me.post(page_of(order, "pay/")).status_code for _ in range(121)]

    assert answers[:120] == [302] * 120
    assert answers[120] == 429
