"""What tests and the index page can do: act as the customer, call the IPN, look inside."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from urllib.parse import urlsplit

from sandbox.context import Sandbox
from sandbox.records import ApiCall, Attempt, Delivery, Payment, Refund
from sandbox.vnpay_cards import OUTCOMES, choose
from sandbox.vnpay_ipn import new_delivery
from sandbox.vnpay_pay import ERROR_PATH, open_payment
from sandbox.vnpay_rules import Fault, read_query
from sandbox.vnpay_settle import settle
from sandbox.vnpay_signing import sign_query
from sandbox.web import ControlError


def find_payment(sandbox: Sandbox, txn_ref: str) -> Payment:
    """The payment whose link was opened; raises `ControlError` (404) when it never was."""
    payment = sandbox.store.find(Payment, txn_ref=txn_ref)
    if payment is None:
        raise ControlError(404, f"The payment link of {txn_ref} was never opened.")
    return payment


async def pay(sandbox: Sandbox, payment: Payment, wish: Mapping[str, object]) -> dict[str, object]:
    """Do what a person on the page would: `card` or `outcome`, and `late` after the expiry.

    A payment that was left, is suspected or is being reversed can be decided again. Raises
    `ControlError` for an unknown choice (400) and for a payment that is paid or failed (409).
    """
    name = wish.get("card") or wish.get("outcome")
    choice = choose(str(name))
    if choice is None:
        raise ControlError(
            400, f"No such card or outcome: {name!r}; outcomes: {', '.join(OUTCOMES)}."
        )
    if payment.is_final:
        raise ControlError(409, f"{payment.txn_ref} is settled already: {payment.outcome}.")
    settlement = await settle(sandbox, payment, choice, late=wish.get("late") is True)
    return {
        "txn_ref": payment.txn_ref,
        "return_url": settlement.return_url,
        "transaction": show(sandbox, settlement.payment),
    }


def open_link(sandbox: Sandbox, url: object) -> Payment:
    """Open a payment link as a browser would; raises `ControlError` (422) with the code."""
    opened = open_payment(sandbox, urlsplit(str(url)).query)
    if isinstance(opened, Fault):
        error_url = f"{ERROR_PATH}?code={opened.code}"
        raise ControlError(422, opened.reason, code=opened.code, error_url=error_url)
    return opened


async def pay_many(sandbox: Sandbox, wish: Mapping[str, object]) -> dict[str, str]:
    """Open and pay the links `payment_urls` as `pay` does, one by one; their numbers by TxnRef.

    Raises what opening and paying raise; the links before the one at fault are paid then.
    """
    urls = wish.get("payment_urls")
    if not isinstance(urls, list):
        raise ControlError(400, "payment_urls must be a list.")
    numbers = {}
    for url in urls:
        payment = open_link(sandbox, url)
        await pay(sandbox, payment, wish)
        numbers[payment.txn_ref] = find_payment(sandbox, payment.txn_ref).transaction_no
    return numbers


async def send_ipn(
    sandbox: Sandbox, payment: Payment, wish: Mapping[str, object]
) -> dict[str, object]:
    """Call the IPN address once, now, without retries, and show the answer.

    `changes` replaces parameters before they are signed anew (null removes one); `bad_signature`
    spoils the signature. Raises `ControlError` (409) while there is no result to report.
    """
    if not payment.callback:
        raise ControlError(409, f"{payment.txn_ref} has no result yet.")
    query = _forge(sandbox, payment, wish)
    delivery = new_delivery(payment.txn_ref, query, next_at=time.time(), attempts=1)
    await sandbox.courier.attempt(delivery)
    attempt = sandbox.store.find(Attempt, delivery_id=delivery.id)
    assert attempt is not None
    return _show_attempt(attempt)


def show(sandbox: Sandbox, payment: Payment) -> dict[str, object]:
    """Everything known about one payment."""
    select, ref = sandbox.store.select, payment.txn_ref
    return {
        **asdict(payment),
        "ipn": [_show_delivery(sandbox, each) for each in select(Delivery, txn_ref=ref)],
        "refunds": [_show_refund(each) for each in select(Refund, txn_ref=ref)],
        "api_calls": [_show_call(each) for each in select(ApiCall, txn_ref=ref)],
        "weather": sandbox.weather.show(ref),
    }


def _forge(sandbox: Sandbox, payment: Payment, wish: Mapping[str, object]) -> str:
    values = read_query(payment.callback) or {}
    changes = wish.get("changes")
    for name, value in (changes if isinstance(changes, Mapping) else {}).items():
        values[name] = "" if value is None else str(value)
    query = sign_query(values, sandbox.config.hash_secret)
    if wish.get("bad_signature") is not True:
        return query
    # Of the right form, so that it is refused for what it says.
    return query[:-1] + ("0" if query[-1] != "0" else "1")


def _show_delivery(sandbox: Sandbox, delivery: Delivery) -> dict[str, object]:
    attempts = sandbox.store.select(Attempt, delivery_id=delivery.id)
    return {**asdict(delivery), "attempts": [_show_attempt(each) for each in attempts]}


def _show_attempt(attempt: Attempt) -> dict[str, object]:
    hidden = ("id", "delivery_id", "txn_ref")
    return {name: value for name, value in asdict(attempt).items() if name not in hidden}


def _show_refund(refund: Refund) -> dict[str, object]:
    return {**asdict(refund), "status": refund.status_at(time.time())}


def _show_call(call: ApiCall) -> dict[str, object]:
    shown = replace(call, accepted=bool(call.accepted))
    return {**asdict(shown), "request": json.loads(call.request), "answer": json.loads(call.answer)}
