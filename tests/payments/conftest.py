from __future__ import annotations

import pytest

from orders.models import Order
from payments.models import Payment
from payments.providers import Customer
from payments.services import settle_order, start_payment
from tests.factories import placed_order
from tests.our_vnpay import use
from tests.payments.reconciled import let_time_pass, state
from tests.payments.reversed import give_back
from tests.payments.vnpay_calls import IPN
from tests.sandbox.protocol import link
from tests.sandbox_process import SandboxProcess


@pytest.fixture(autouse=True)
def _few_rights(few_rights: None) -> None:
    """All this is done with the servers' rights."""


@pytest.fixture
def call_ipn(client):
    """VNPay's server calls with these signed parameters; answers its RspCode."""

    def call(query: str) -> str:
        answer = client.get(f"{IPN}?{query}")
        assert answer.status_code == 200
        return answer.json()["RspCode"]

    return call


@pytest.fixture
def vnpay(_stand_in: SandboxProcess, settings) -> SandboxProcess:
    """The stand-in as our VNPay, in fair weather, sending no IPN by itself."""
    return use(_stand_in, settings)


@pytest.fixture
def start(vnpay):
    """Start an attempt whose link is open at VNPay, if need be there with another amount."""

    def start(order: Order | None = None, *, amount_there: int | None = None) -> Payment:
        order = order or placed_order()
        payment = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
        values = dict(payment.provider_request)
        if amount_there:
            values["vnp_Amount"] = str(amount_there * 100)
        vnpay.open(link(values))
        return payment

    return start


@pytest.fixture
def captured(start, vnpay, call_ipn):
    """A paid order, settled by VNPay's own call; its pay link is closed by now."""
    payment = start()
    vnpay.decide(payment.txn_ref, "success")
    assert call_ipn(vnpay.transaction(payment.txn_ref)["callback"]) == "00"
    let_time_pass()
    return payment


@pytest.fixture
def expired(start, vnpay):
    """An order that expired because VNPay was silent; the attempt is pending and orphaned."""
    payment = start()
    vnpay.set_weather(api_down=True)
    let_time_pass(minutes=80)
    settle_order(order_id=payment.order_id)
    vnpay.clear_weather()
    vnpay.set_weather(no_ipn=True)
    assert state(payment) == ("pending", "expired", {"available"})
    return payment


@pytest.fixture
def whole(captured, vnpay):
    """A reversal of all that was paid; VNPay carries out at once what it accepts."""
    vnpay.set_weather(refund_outcome="done")
    return give_back(captured)
