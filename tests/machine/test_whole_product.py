"""Whatever happens, in whatever order: places, orders, payments and refunds are as they must."""

from __future__ import annotations

import os
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Count, Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from orders.models import Order
from payments.models import Payment, PaymentCase
from refunds.models import Refund, RefundCampaign
from tests.machine import buying, refunding, running  # noqa: F401 (their steps)
from tests.machine.house import House
from tests.machine.product import Product
from tests.machine.steps import STEPS
from tests.machine.things import AnArea
from tests.refunds.money_model import BACK, OVER
from tests.rules import broken_rules
from ticketing.models import Seat

settings.register_profile(
    "whole product",
    max_examples=int(os.environ.get("MODEL_EXAMPLES", "10")),  # 500 for a long run
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SIZES = [5, 3, 4, 3]


def cents(amount: Decimal) -> int:
    return int(amount * 100)


def open_cases() -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for payment_id, kind in PaymentCase.objects.open().values_list("payment", "kind"):
        assert kind not in found.setdefault(payment_id, set())
        found[payment_id].add(kind)
    return found


class WholeProduct(RuleBasedStateMachine):
    """Every step is done to the product and to the model, and then they are compared.

    All is rolled back in the end, so that one run never sees another.
    """

    vnpay: object

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.house = None

    @initialize(
        prices=st.lists(st.sampled_from(running.PRICES[1:]), min_size=4, max_size=4),
        is_automatic=st.booleans(),
        bought=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), max_size=4),
    )
    def open_the_house(self, prices, is_automatic, bought):
        areas = [AnArea(price, n >= 2) for n, price in enumerate(prices)]
        self.house = House([], is_automatic, areas=areas)
        self.product = Product(self.vnpay, self.house, SIZES)
        for customer, number in bought:
            buying.buy(self, customer, number)

    @rule(data=st.data())
    def somebody_does_something(self, data):
        STEPS.take(self, data)
        self.product.catch_up()

    @invariant()
    def the_database_agrees_with_the_model(self):
        running.same_event(self)
        self.same_places()
        self.same_orders()
        self.same_payments()
        self.same_refunds()
        assert broken_rules() == {}

    def same_places(self):
        pks = self.product.pks
        expected = {pks[place]: place.status for place in self.house.places}
        assert dict(Seat.objects.values_list("pk", "status")) == expected

    def same_orders(self):
        rows = {order.pk: order for order in Order.objects.prefetch_related("tickets", "holds")}
        assert set(rows) == {self.product.pks[sale] for sale in self.house.orders}
        for sale in self.house.orders:
            self.same_order(sale, rows[self.product.pks[sale]])

    def same_order(self, sale, order):
        assert order.status == sale.status
        money = (order.total_amount, order.refunded_amount, order.refund_reserved_amount)
        assert tuple(map(cents, money)) == (sale.total, sale.refunded, sale.reserved)
        held = sorted((hold.seat_id, cents(hold.price)) for hold in order.holds.all())
        prices = [ticket.price for ticket in sale.tickets]
        assert held == list(zip(self.product.ids(sale.places), prices, strict=True))
        tickets = sorted(order.tickets.all(), key=lambda ticket: ticket.seat_id)
        assert [(each.status, each.refund_approved_at is not None) for each in tickets] == [
            (ticket.status, n in sale.barred)
            for n, ticket in enumerate(sale.tickets if sale.is_settled else [])
        ]

    def same_payments(self):
        attempts = [each for sale in self.house.orders for each in sale.attempts]
        pks = self.product.pks
        expected = {pks[each]: each.status for each in attempts}
        assert dict(Payment.objects.values_list("pk", "status")) == expected
        expected = {pks[each]: each.open_cases for each in attempts if each.open_cases}
        assert open_cases() == expected

    def same_refunds(self):
        live = Count("tickets", filter=Q(tickets__is_live=True))
        rows = {each.pk: each for each in Refund.objects.annotate(live=live)}
        refunds = [refund for _sale, refund in self.product.refunds()]
        assert set(rows) == set(self.product.ids(refunds))
        for refund in refunds:
            now = rows[self.product.pks[refund]]
            assert (now.status, now.percentage_applied) == (refund.status, refund.percentage)
            assert (cents(now.base_amount), cents(now.amount)) == (refund.base, refund.amount)
            assert now.live == (0 if refund.status in OVER else len(refund.tickets))
        expected = {name: each.status for name, each in self.house.campaigns.items()}
        assert dict(RefundCampaign.objects.values_list("reason", "status")) == expected

    def teardown(self):
        try:
            if self.house:
                connection.check_constraints()
                self.everything_comes_to_an_end()
                self.no_money_is_lost()
                connection.check_constraints()
        finally:
            transaction.savepoint_rollback(self.savepoint)

    def everything_comes_to_an_end(self):
        """By jobs alone, once the provider is well: nothing is forgotten."""
        self.product.change_mood("fair")
        for _ in range(30):
            self.product.let_time_pass(80)
            while jobs := self.product.due_jobs():
                self.product.run(jobs[0])
                self.product.catch_up()
            if not self.is_anything_under_way():
                break
        self.the_database_agrees_with_the_model()
        assert not self.is_anything_under_way()

    def is_anything_under_way(self):
        refunds = [refund for _sale, refund in self.product.refunds()]
        is_moving = any(each.status == "processing" for each in refunds)
        return is_moving or any(sale.is_pending or sale.goes_on() for sale in self.house.orders)

    def no_money_is_lost(self):
        """Of what the bank took for us, each order keeps what it cost but for what went back."""
        for sale in self.house.orders:
            captured = sum(sale.total for _ in sale.captured)
            back = sum(sum(self.product.given_back(each).values()) for each in sale.captured)
            by_hand = sum(self.product.by_hand.get(refund, 0) for refund in sale.refunds)
            kept = sale.total - sale.refunded if sale.is_settled else 0
            paid_out = [refund for refund in sale.owed if refund.status in BACK]
            owed = sum(sale.total for each in sale.captured if each.is_owed)
            owed -= sum(refund.amount for refund in paid_out)
            assert captured - back - by_hand == kept + owed


def test_the_whole_product_does_what_the_model_does(vnpay, settings_of_the_house):
    WholeProduct.vnpay = vnpay
    run_state_machine_as_test(WholeProduct, settings=settings.get_profile("whole product"))


@pytest.fixture
def after_the_deadline(vnpay, settings_of_the_house):
    """A run with one order whose time is up although somebody began to pay: rare by chance."""
    WholeProduct.vnpay = vnpay
    run = WholeProduct()
    run.open_the_house(prices=[5_000_000] * 4, is_automatic=False, bought=[])
    buying.place(run, 0, 0, {1}, False)
    buying.start_to_pay(run, 0, 1)
    buying.time_passes(run, 16)
    yield run
    run.product.catch_up()
    run.the_database_agrees_with_the_model()
    run.teardown()


def test_money_that_comes_after_the_deadline_does_what_the_model_does(after_the_deadline):
    buying.act_at_the_bank(after_the_deadline, 0, "success", True)

    assert after_the_deadline.house.orders[0].status == "pending_payment"


def test_cancelling_after_the_deadline_does_what_the_model_does(after_the_deadline):
    buying.cancel(after_the_deadline, 0)

    assert after_the_deadline.house.orders[0].status == "pending_payment"
