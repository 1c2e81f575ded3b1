"""Another provider takes a class and a line in the registry; orders and services stay."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from orders.models import Order
from payments.models import Payment
from payments.providers import (
    PROVIDERS,
    Answer,
    Customer,
    Opening,
    Outcome,
    RefundAnswer,
    RefundState,
    Result,
    UntrustedCallback,
)
from payments.services import advance_reversal, settle_order, start_payment
from tests.factories import from_now, placed_order
from tests.payments.reversed import give_back, status
from ticketing.invariants import violations


class Cash:
    """A ticket office: the clerk's word is signed with a password."""

    name = "cash"
    query_interval = timedelta(0)
    not_found_margin = timedelta(0)

    def open(self, payment, customer, now):
        return Opening(payment_url=f"https://office.example/{payment.txn_ref}", request={})

    def read_callback(self, pairs):
        said = dict(pairs)
        if said.get("password") != "office":
            raise UntrustedCallback
        return Result(said["ref"], Outcome.PAID, amount=Decimal(said["amount"]))

    def query(self, payment, now):
        return Answer(Result(payment.txn_ref, Outcome.FAILED, code="nobody came"))

    def refund_request(self, reversal, now):
        return {"pay out": str(reversal.amount)}

    def refund(self, request):
        return RefundAnswer(RefundState.DONE, code="paid out", transaction_no="receipt 1")

    def redact(self, message):
        return {**message, "password": "[removed]"}


@pytest.fixture
def payment(monkeypatch, customer):
    monkeypatch.setitem(PROVIDERS, "cash", Cash())
    order = placed_order(customer=customer)
    return start_payment(order_id=order.pk, provider="cash", customer=Customer("127.0.0.1"))


def test_a_second_provider_sells_tickets(client, payment):
    page = client.get(
        "/payments/cash/return/",
        {"ref": payment.txn_ref, "amount": payment.amount, "password": "office"},
    )

    assert page.status_code == 200
    assert Order.objects.get().status == "paid"
    assert payment.order.tickets.count() == 2
    assert not any(violations().values())


def test_a_second_provider_is_trusted_for_its_own_signature_only(client, payment):
    page = client.get("/payments/cash/return/", {"ref": payment.txn_ref, "amount": "1000000"})

    assert page.status_code == 400
    assert Order.objects.get().status == "pending_payment"


def test_a_second_provider_is_asked_when_time_is_up(payment):
    Order.objects.update(created_at=from_now(minutes=-20), expires_at=from_now(minutes=-1))

    assert settle_order(order_id=payment.order_id) is None

    assert Order.objects.get().status == "failed"
    assert Payment.objects.get().provider_code == "nobody came"


def test_a_second_provider_gives_money_back(client, payment):
    callback = {"ref": payment.txn_ref, "amount": payment.amount, "password": "office"}
    client.get("/payments/cash/return/", callback)
    reversal = give_back(payment, 400_000)

    assert advance_reversal(reversal.pk) is None

    assert status(reversal) == "succeeded"
