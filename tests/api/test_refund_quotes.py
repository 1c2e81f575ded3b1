"""A program says which amount its customer has seen; no other one is asked for."""

from __future__ import annotations

import pytest

from refunds.models import Refund
from tests.factories import paid_order, seats_in_area, showing_with_sale_end
from tests.pages.my_pages import everything
from tests.refunds.moved import let_days_pass


@pytest.fixture
def order(customer):
    """Paid, with two tickets of 500,000 VND; 80 % go back for a personal reason."""
    seats = seats_in_area(2, showing=showing_with_sale_end(days=10))
    return paid_order(seats, customer=customer)


def ask(api, order, key="once", **wish):
    return api.post(
        f"/api/v1/orders/{order.code}/refunds/",
        {"reason": "personal", **wish},
        headers={"Idempotency-Key": key},
    )


def quoted(api, order):
    wish = {"reason": "personal"}
    return api.post(f"/api/v1/orders/{order.code}/refund-quotes/", wish).data["amount"]


def test_the_amount_of_the_quote_is_asked_for(api, order):
    amount = quoted(api, order)

    answer = ask(api, order, quoted_amount=amount)

    assert (answer.status_code, answer.data["amount"]) == (201, amount)
    assert Refund.objects.get().amount == 800_000


def test_another_amount_than_the_one_seen_is_refused_with_the_new_one(api, order):
    amount = quoted(api, order)
    let_days_pass(order, 4)
    before = everything()

    answer = ask(api, order, quoted_amount=amount)

    assert (answer.status_code, answer.json()["code"]) == (409, "refund-quote-changed")
    assert answer.json()["amount"] == "600000.00"
    assert everything() == before
    assert ask(api, order, key="again", quoted_amount="600000.00").status_code == 201


def test_an_amount_that_nobody_named_is_not_looked_at(api, order):
    assert ask(api, order).status_code == 201


@pytest.mark.parametrize("amount", ["a lot", "-1", "1.234", None])
def test_what_is_no_amount_is_invalid(api, order, amount):
    answer = ask(api, order, quoted_amount=amount)

    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"quoted_amount"})
    assert not Refund.objects.exists()


def test_the_lost_answer_to_a_quoted_request_can_be_asked_for_again(api, order):
    amount = quoted(api, order)
    first = ask(api, order, quoted_amount=amount)
    let_days_pass(order, 4)

    again = ask(api, order, quoted_amount=amount)

    assert again.data["id"] == first.data["id"]
    assert ask(api, order, quoted_amount="600000.00").json()["code"] == "idempotency-key-reused"


def test_a_quote_takes_no_quoted_amount_into_account(api, order):
    wish = {"reason": "personal", "quoted_amount": "1.00"}

    answer = api.post(f"/api/v1/orders/{order.code}/refund-quotes/", wish)

    assert (answer.status_code, answer.data["amount"]) == (200, "800000.00")
