"""From the customer's choice to the result: state, IPN and the address the browser returns to."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from sandbox import clock
from sandbox.context import Sandbox
from sandbox.records import Delivery, Payment
from sandbox.vnpay_cards import CANCEL, EXPIRED, FRAUD, OUTCOMES, SUCCESS, Choice
from sandbox.vnpay_ipn import join_query, new_delivery
from sandbox.vnpay_signing import sign_query

WRONG_BY_VND = 1_000


@dataclass(frozen=True)
class Settlement:
    """The payment after the customer's choice. `return_url` is None when no browser comes back."""

    payment: Payment
    return_url: str | None


async def settle(
    sandbox: Sandbox, payment: Payment, choice: Choice, *, late: bool = False
) -> Settlement:
    """Decide a payment that is not final, and tell the merchant.

    After vnp_ExpireDate the result is 11, whatever was chosen, unless `late`: then the customer had
    confirmed in time and only the bank was slow (section 10, rule 1). Someone who leaves is
    reported to nobody.
    """
    settled, deliveries = _decide(sandbox, payment, _judge(sandbox, payment, choice, late))
    with sandbox.store.together():
        sandbox.store.save(settled)
        for delivery in deliveries:
            sandbox.store.save(delivery)
    # After all is kept: whoever is called may ask what became of the payment at once.
    await _send(sandbox, settled, deliveries)
    return Settlement(settled, _find_way_back(sandbox, settled))


def return_url_of(payment: Payment) -> str:
    """The signed Return address of a payment with a result."""
    return join_query(payment.return_url, payment.callback)


def describe(payment: Payment, tmn_code: str, amount: int) -> dict[str, str]:
    """The parameters that Return and IPN share (section 4), unsigned and without absent ones."""
    values = {
        "vnp_TmnCode": tmn_code,
        "vnp_Amount": str(amount),
        "vnp_BankCode": payment.bank_code,
        "vnp_BankTranNo": payment.bank_tran_no,
        "vnp_CardType": payment.card_type,
        "vnp_PayDate": payment.pay_date,
        "vnp_OrderInfo": payment.order_info,
        "vnp_TransactionNo": payment.transaction_no,
        "vnp_ResponseCode": payment.response_code,
        "vnp_TransactionStatus": payment.status,
        "vnp_TxnRef": payment.txn_ref,
    }
    return {name: value for name, value in values.items() if value}


def _judge(sandbox: Sandbox, payment: Payment, choice: Choice, late: bool) -> Choice:
    expired = clock.from_stamp(payment.expire_date) <= clock.now()
    if expired and not late:
        return replace(choice, outcome=OUTCOMES[EXPIRED])
    # Asked last, as here and elsewhere asking uses a switch up.
    suspected = choice.outcome.name == SUCCESS and sandbox.weather.take("code_07", payment.txn_ref)
    return replace(choice, outcome=OUTCOMES[FRAUD]) if suspected else choice


def _decide(sandbox: Sandbox, payment: Payment, choice: Choice) -> tuple[Payment, list[Delivery]]:
    settled = _apply(payment, choice)
    if settled.is_open:
        return settled, []
    amount = _reported_amount(sandbox, settled)
    parameters = describe(settled, sandbox.config.tmn_code, amount)
    settled = replace(settled, callback=sign_query(parameters, sandbox.config.hash_secret))
    return settled, _plan_ipn(sandbox, settled)


def _apply(payment: Payment, choice: Choice) -> Payment:
    outcome, card = choice.outcome, choice.card
    decided = replace(
        payment,
        outcome=outcome.name,
        status=outcome.status,
        response_code=outcome.response_code,
        bank_code=card.bank,
        card_type=card.card_type,
        pay_date=clock.to_stamp(clock.now()) if outcome.response_code else "",
    )
    if outcome.name == CANCEL:
        # As VNPay was seen to tell it of cancelled payments (section 4).
        return replace(decided, bank_code="VNPAY", card_type="", pay_date="")
    return _number(decided) if outcome.moves_money else decided


def _number(payment: Payment) -> Payment:
    # A suspected payment that is cleared later keeps the number it was first debited under.
    known = payment.transaction_no != "0"
    number = payment.transaction_no if known else clock.next_number()
    return replace(payment, transaction_no=number, bank_tran_no=f"{payment.bank_code}{number}")


def _reported_amount(sandbox: Sandbox, payment: Payment) -> int:
    wrong = sandbox.weather.take("wrong_amount", payment.txn_ref)
    if wrong is True:
        return payment.amount + WRONG_BY_VND * 100
    return int(wrong) * 100 if wrong else payment.amount


def _plan_ipn(sandbox: Sandbox, payment: Payment) -> list[Delivery]:
    weather, ref = sandbox.weather, payment.txn_ref
    if weather.take("no_ipn", ref):
        return []
    next_at = time.time() + float(weather.take("ipn_late_seconds", ref))
    copies = 2 if weather.take("ipn_twice", ref) else 1
    attempts = sandbox.config.ipn_attempts
    return [
        new_delivery(ref, payment.callback, next_at=next_at, attempts=attempts)
        for _ in range(copies)
    ]


async def _send(sandbox: Sandbox, payment: Payment, deliveries: list[Delivery]) -> None:
    if deliveries and sandbox.weather.take("ipn_before_return", payment.txn_ref):
        # What this call does not end is delivered on as usual.
        deliveries = [await sandbox.courier.attempt(delivery) for delivery in deliveries]
    for delivery in deliveries:
        sandbox.courier.dispatch(delivery)


def _find_way_back(sandbox: Sandbox, payment: Payment) -> str | None:
    if payment.is_open or sandbox.weather.take("return_lost", payment.txn_ref):
        return None
    return return_url_of(payment)
