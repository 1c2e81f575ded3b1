"""Our side of the protocol against the stand-in's: two programs that share no code."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from payments.vnpay.callback import read_callback
from payments.vnpay.client import query
from payments.vnpay.codes import Verdict
from payments.vnpay.pay import Attempt, pay_parameters, pay_url
from tests.sandbox_process import SandboxProcess


@pytest.fixture
def stand_in(_stand_in: SandboxProcess, monkeypatch) -> SandboxProcess:
    """The stand-in in fair weather, sending no IPN."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    _stand_in.reset()
    _stand_in.set_weather(no_ipn=True)
    return _stand_in


@pytest.fixture
def terminal(config, stand_in):
    return replace(config, payment_url=stand_in.payment_url, api_url=stand_in.api_url)


def parameters_of_a_link(terminal):
    now = datetime.now(UTC)
    attempt = Attempt(
        txn_ref=secrets.token_hex(16),
        amount=Decimal(150_000),
        description="Thanh toán đơn hàng: ABC",
        created_at=now,
        expires_at=now + timedelta(minutes=15),
        customer_address="198.51.100.23",
    )
    return pay_parameters(attempt, terminal)


def asked_about(parameters, terminal):
    return query(
        txn_ref=parameters["vnp_TxnRef"],
        transaction_date=parameters["vnp_CreateDate"],
        now=datetime.now(UTC),
        config=terminal,
    ).answer


@pytest.mark.parametrize(
    ("outcome", "told", "found"),
    [
        ("success", Verdict.PAID, Verdict.PAID),
        ("cancel", Verdict.FAILED, Verdict.FAILED),
        ("insufficient", Verdict.FAILED, Verdict.FAILED),
        ("fraud", Verdict.REVIEW, Verdict.REVIEW),
        ("reversed", Verdict.REVIEW, Verdict.REVIEW),
        ("unfinished", Verdict.NOT_FINAL, Verdict.NOT_FINAL),
    ],
)
def test_return_and_query_tell_what_became_of_our_link(stand_in, terminal, outcome, told, found):
    parameters = parameters_of_a_link(terminal)

    paid = stand_in.pay(pay_url(parameters, terminal), outcome=outcome)

    returned = urlsplit(paid["return_url"])
    callback = read_callback(parse_qsl(returned.query), terminal)
    answer = asked_about(parameters, terminal)
    assert f"https://{returned.netloc}{returned.path}" == terminal.return_url
    assert callback.txn_ref == parameters["vnp_TxnRef"]
    assert callback.order_info == "Thanh toan don hang: ABC"
    assert (callback.verdict, callback.amount) == (told, 150_000)
    assert (answer.verdict, answer.amount) == (found, 150_000)


def test_a_link_that_nobody_opened_is_not_found(terminal):
    answer = asked_about(parameters_of_a_link(terminal), terminal)

    assert answer.verdict is Verdict.NOT_FOUND


def test_a_customer_who_left_at_the_bank_is_not_final(stand_in, terminal):
    parameters = parameters_of_a_link(terminal)
    stand_in.pay(pay_url(parameters, terminal), outcome="left")

    assert asked_about(parameters, terminal).verdict is Verdict.NOT_FINAL


def test_a_link_that_somebody_changed_is_not_opened(stand_in, terminal):
    url = pay_url(parameters_of_a_link(terminal), terminal)

    cheaper = stand_in.open(url.replace("vnp_Amount=15000000", "vnp_Amount=500000"))

    assert stand_in.open(url).status_code == 200
    assert cheaper.status_code == 302
    assert cheaper.headers["Location"].endswith("Error.html?code=70")
