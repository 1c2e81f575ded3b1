"""VNPay as one of our payment providers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from payments.providers.base import (
    Answer,
    Customer,
    NotPayable,
    Opening,
    Outcome,
    RefundAnswer,
    RefundState,
    RefundWord,
    Result,
    UntrustedCallback,
    UnusableCallback,
)
from payments.vnpay.callback import NothingUsable, read_callback
from payments.vnpay.client import query, redacted, refund
from payments.vnpay.codes import RefundVerdict, Verdict
from payments.vnpay.config import Config
from payments.vnpay.pay import AmountNotAccepted, Attempt, pay_parameters, pay_url
from payments.vnpay.query import RefundAnswer as QueriedRefund
from payments.vnpay.refund import Reversal as VNPayReversal
from payments.vnpay.refund import refund_request
from payments.vnpay.signature import BadSignature

if TYPE_CHECKING:
    from payments.models import Payment, Reversal

OUTCOMES = {
    Verdict.PAID: Outcome.PAID,
    Verdict.FAILED: Outcome.FAILED,
    Verdict.REVIEW: Outcome.REVIEW,
    Verdict.NOT_FINAL: Outcome.PENDING,
    Verdict.NOT_FOUND: Outcome.NOT_FOUND,
    Verdict.NO_INFORMATION: Outcome.UNKNOWN,
}
REFUND_STATES = {
    RefundVerdict.UNDER_WAY: RefundState.UNDER_WAY,
    RefundVerdict.DONE: RefundState.DONE,
    RefundVerdict.REJECTED: RefundState.REJECTED,
    RefundVerdict.UNKNOWN: RefundState.UNKNOWN,
    RefundVerdict.NOT_SENT: RefundState.NOT_SENT,
}
OTHER_TERMINAL = "opened at another terminal"
ORDER_TEXT = "Thanh toan don hang {code}"
# By it money under an unknown reference finds its order: a code of 12 letters and digits.
ORDER_CODE = re.compile(r"don hang ([0-9A-Z]{12})\b")


class VNPay:
    """See `base.Provider`. The terminal comes from the settings at each call."""

    name = "vnpay"

    @property
    def query_interval(self) -> timedelta:
        return timedelta(seconds=settings.VNPAY_QUERY_INTERVAL_SECONDS)

    @property
    def not_found_margin(self) -> timedelta:
        return timedelta(seconds=settings.VNPAY_NOT_FOUND_MARGIN_SECONDS)

    def open(self, payment: Payment, customer: Customer, now: datetime) -> Opening:
        attempt = Attempt(
            txn_ref=payment.txn_ref,
            amount=payment.amount,
            description=ORDER_TEXT.format(code=payment.order.code),
            created_at=now,
            expires_at=payment.expires_at,
            customer_address=customer.address,
            locale=customer.locale or "vn",
            bank_code=customer.bank_code,
        )
        try:
            parameters = pay_parameters(attempt, our_config())
        except AmountNotAccepted as refusal:
            raise NotPayable(_not_accepted(payment, our_config())) from refusal
        return Opening(payment_url=pay_url(parameters, our_config()), request=parameters)

    def read_callback(self, pairs: Iterable[tuple[str, str]]) -> Result:
        try:
            callback = read_callback(pairs, our_config())
        except BadSignature as fault:
            raise UntrustedCallback(str(fault)) from fault
        except NothingUsable as fault:
            raise UnusableCallback(str(fault)) from fault
        named = ORDER_CODE.search(callback.order_info)
        return Result(
            txn_ref=callback.txn_ref,
            outcome=OUTCOMES[callback.verdict],
            amount=callback.amount,
            transaction_no=callback.transaction_no,
            code=f"{callback.response_code}/{callback.status}",
            order_code=named[1] if named else "",
        )

    def query(self, payment: Payment, now: datetime) -> Answer:
        config, opened = our_config(), payment.provider_request
        if opened.get("vnp_TmnCode", config.tmn_code) != config.tmn_code:
            # This terminal knows nothing of it, which says nothing: the money is at another one.
            return Answer(
                Result(payment.txn_ref, Outcome.UNKNOWN, code=OTHER_TERMINAL, was_asked=False)
            )
        exchange = query(
            txn_ref=payment.txn_ref,
            # As it was sent: VNPay finds no payment if it is a second off (section 7).
            transaction_date=opened["vnp_CreateDate"],
            now=now,
            config=config,
        )
        said = exchange.answer
        result = Result(
            txn_ref=payment.txn_ref,
            outcome=OUTCOMES[said.verdict],
            amount=said.amount,
            transaction_no=said.transaction_no,
            code=said.code,
            refund=_refund_word(said.refund) if said.refund else None,
        )
        return Answer(result, exchange.sent, exchange.received)

    def refund_request(self, reversal: Reversal, now: datetime) -> dict[str, Any]:
        payment = reversal.payment
        wanted = VNPayReversal(
            request_id=reversal.request_id,
            txn_ref=payment.txn_ref,
            # As it was sent, like in a question: another date is the usual cause of 91 (section 7).
            transaction_date=payment.provider_request["vnp_CreateDate"],
            transaction_no=payment.provider_transaction_no,
            amount=reversal.amount,
            is_full=reversal.is_full,
            reason=reversal.reason,
            requested_by=reversal.requested_by,
        )
        return dict(refund_request(wanted, now=now, config=our_config()))

    def refund(self, request: Mapping[str, Any]) -> RefundAnswer:
        exchange = refund(request, config=our_config())
        said = exchange.reply
        return RefundAnswer(
            REFUND_STATES[said.verdict],
            code=said.code,
            message=said.message,
            transaction_no=said.transaction_no,
            takes_partial=said.takes_partial,
            sent=exchange.sent,
            received=exchange.received,
        )

    def redact(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return redacted(message)


def our_config() -> Config:
    """Who we are at VNPay, and where we and it are found."""
    return Config(
        tmn_code=settings.VNPAY_TMN_CODE,
        hash_secret=settings.VNPAY_HASH_SECRET,
        payment_url=settings.VNPAY_PAYMENT_URL,
        api_url=settings.VNPAY_API_URL,
        return_url=f"{settings.PUBLIC_URL}/payments/{VNPay.name}/return/",
        server_address=settings.VNPAY_SERVER_IP,
    )


def _refund_word(said: QueriedRefund) -> RefundWord:
    return RefundWord(REFUND_STATES[said.verdict], said.amount, said.transaction_no)


def _not_accepted(payment: Payment, config: Config) -> str:
    told = _("VNPay takes whole amounts from {least} to {most} VND; this order costs {amount}.")
    return told.format(
        least=f"{config.least_amount:,}",
        most=f"{config.greatest_amount:,}",
        amount=f"{payment.amount:,}",
    )
