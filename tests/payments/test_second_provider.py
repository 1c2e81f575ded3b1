"""Another provider takes a class and a line in the registry; orders and services stay."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from orders.models import Order
from orders.services import cancel_order
from payments.models import Payment, PaymentCase
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
from tests.payments.reconciled import let_time_pass, state
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


class SlowOffice(Cash):
    """Somebody else does something while the clerk looks it up."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    def query(self, payment, now):
        # Two clocks may differ: to the other one there is still time to pay and to cancel.
        Order.objects.update(expires_at=from_now(seconds=30))
        self.meanwhile(payment)
        return super().query(payment, now)


def pay_at_the_office(payment):
    callback = {"ref": payment.txn_ref, "amount": payment.amount, "password": "office"}
    assert Client().get("/payments/cash/return/", callback).status_code == 200


def cancel(payment):
    cancel_order(order_id=payment.order_id, by=payment.order.customer)


@pytest.mark.parametrize(
    ("meanwhile", "end", "kind"),
    [(pay_at_the_office, "paid", "duplicate"), (cancel, "cancelled", "late")],
)
def test_money_found_by_settling_is_owed_if_the_order_ends_before_all_were_asked(
    start, vnpay, monkeypatch, meanwhile, end, kind
):
    monkeypatch.setitem(PROVIDERS, "cash", SlowOffice(meanwhile))
    found = start()
    vnpay.decide(found.txn_ref, "success")
    start_payment(order_id=found.order_id, provider="cash", customer=Customer("127.0.0.1"))
    let_time_pass()

    assert settle_order(order_id=found.order_id) is None

    assert state(found)[:2] == ("captured", end)
    case = PaymentCase.objects.get()
    assert (case.kind, case.payment, case.amount_owed) == (kind, found, found.amount)
    assert settle_order(order_id=found.order_id) is None
    assert PaymentCase.objects.count() == 1
    assert not any(violations().values())
