"""What a provider's answer does to the reversal that it was told of. Nothing here calls anybody."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django_fsm import can_proceed

from jobs.writing import save_together, together
from orders.models import OrderQuerySet
from payments.models import Payment, Reversal, ReversalStatus
from payments.operations.cases import open_case_of_contradicted_reversal
from payments.operations.reversals import ask_a_person, give_free, is_contradicted, move
from payments.providers import RefundAnswer, RefundState, get_provider

logger = logging.getLogger(__name__)

SILENCE_PATIENCE = timedelta(hours=24)  # then a person is asked to look
# All that `_follow` can change, transitions included: what is not named here is not saved.
ANSWERED = (
    "status",
    "is_full",
    "request_id",
    "provider_transaction_no",
    "provider_code",
    "provider_message",
    "provider_answer",
    "was_answered",
    "sent_at",
    "due_at",
    "unclear_at",
    "finished_at",
)


class Heard(NamedTuple):
    """What a provider answered when it was told of a reversal; `kept` of it may be stored."""

    reversal: Reversal
    answer: RefundAnswer
    kept: dict[str, Any]
    at: datetime


def believe(heard: Sequence[Heard], orders: OrderQuerySet) -> list[Reversal]:
    """Do what these answers say; the reversals that were moved by it, with payment and order.

    Who calls sees to what follows from their ends. Locks the orders, as they are in `orders`, then
    payments and reversals, each by ascending id.
    """
    told = {each.reversal.pk: each for each in heard}
    payments = {each.reversal.payment_id: each.reversal.payment.order_id for each in heard}
    order_of = {order.pk: order for order in orders.filter(pk__in=payments.values()).lock()}
    payment_of = {payment.pk: payment for payment in Payment.objects.filter(pk__in=payments).lock()}
    reversals = Reversal.objects.filter(pk__in=told).lock()
    for reversal in reversals:
        reversal.payment = payment_of[reversal.payment_id]
        reversal.payment.order = order_of[reversal.payment.order_id]
    with together():
        moved = [each for each in reversals if _follow(each, told[each.pk])]
        save_together(reversals, *ANSWERED)
    give_free(moved)
    return moved


def wait_unsent(reversal: Reversal, at: datetime) -> None:
    """It was not told; try again later, and ask a person if it takes long. The caller saves it."""
    reversal.due_at = at + get_provider(reversal.provider).query_interval
    if at - reversal.created_at >= SILENCE_PATIENCE:
        ask_a_person(reversal, at=at)


def _follow(reversal: Reversal, heard: Heard) -> bool:
    """Do what the answer says to the row; whether the provider moved it."""
    _reversal, answer, kept, at = heard
    _keep(reversal, answer, kept)
    if answer.state is RefundState.NOT_SENT:
        _take_back(reversal, at)
    elif answer.state is RefundState.UNKNOWN:
        _leave_open(reversal, answer, at)
    elif answer.takes_partial and can_proceed(reversal.retry_as_partial):
        reversal.retry_as_partial(
            by=None, at=at, reason=f"Refused with {_told(answer)}: now as a partial."
        )
        reversal.due_at = at
    else:
        return _believe(reversal, answer, at)
    return False


def first_check(reversal: Reversal, at: datetime) -> datetime:
    """When to ask for the first time what became of it."""
    assert reversal.sent_at is not None
    # An earlier answer may not know of it yet (vnpay.md 8.3).
    return max(at, reversal.sent_at + get_provider(reversal.provider).query_interval)


def _keep(reversal: Reversal, answer: RefundAnswer, kept: dict[str, Any]) -> None:
    reversal.was_answered = bool(answer.code)
    reversal.provider_code, reversal.provider_message = answer.code, answer.message
    reversal.provider_answer = kept
    reversal.provider_transaction_no = reversal.provider_transaction_no or answer.transaction_no


def _take_back(reversal: Reversal, at: datetime) -> None:
    if can_proceed(reversal.return_unsent):
        reversal.return_unsent(by=None, at=at, reason="There was no connection to send it on.")
        wait_unsent(reversal, at)


def _leave_open(reversal: Reversal, answer: RefundAnswer, at: datetime) -> None:
    if can_proceed(reversal.doubt):
        reversal.doubt(by=None, at=at, reason=f"The answer is none: {_told(answer)}.")
        reversal.due_at = first_check(reversal, at)


def _believe(reversal: Reversal, answer: RefundAnswer, at: datetime) -> bool:
    if answer.state is RefundState.REJECTED:
        logger.error("%s was refused: %s", reversal, _told(answer))
    if is_contradicted(reversal, answer.state):
        open_case_of_contradicted_reversal(reversal, answer.state, at)
    why = f"The provider says: {_told(answer)}."
    has_moved = move(reversal, answer.state, by=None, at=at, reason=why)
    # `move` has it followed at once, which is for words that came later. This one has just been
    # said.
    if reversal.status == ReversalStatus.ACCEPTED:
        reversal.due_at = first_check(reversal, at)
    return has_moved


def _told(answer: RefundAnswer) -> str:
    return f"code {answer.code or 'none'}, {answer.message or answer.state.value}"
