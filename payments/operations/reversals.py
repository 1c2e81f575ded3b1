"""Giving back what a payment brought: opened here, carried out by `services.advance_reversal`.

Callers hold the locks of order and payment; the reversal is locked here, after them.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from jobs import outbox
from payments.errors import (
    PaymentNotCaptured,
    ReversalInProgress,
    ReversalNotDecidable,
    ReversalTooLarge,
)
from payments.models import Payment, PaymentStatus, Reversal, ReversalStatus
from payments.operations.cases import tells_of_refund
from payments.providers import RefundState, RefundWord

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Sent, and perhaps done without our knowing the number; or a person said so, without a number.
MAY_BE_NAMELESS = (
    ReversalStatus.SENT,
    ReversalStatus.ACCEPTED,
    ReversalStatus.UNKNOWN,
    ReversalStatus.SUCCEEDED,
)


def open_reversal(
    payment: Payment, *, amount: Decimal, reason: str, requested_by: str, at: datetime
) -> Reversal:
    """Set `amount` VND of a locked payment aside to go back; a job sends it to the provider.

    `reason` and `requested_by` are for the provider. The whole amount is asked for as a full
    reversal unless a partial one was tried before, whatever became of it.
    Raises PaymentNotCaptured, ReversalInProgress, ReversalTooLarge.
    """
    _check_reversible(payment, amount)
    partial_before = payment.reversals.filter(is_full=False).exists()
    reversal = Reversal.objects.create(
        payment=payment,
        provider=payment.provider,
        amount=amount,
        is_full=amount == payment.amount and not partial_before,
        reason=reason[:255],
        requested_by=requested_by[:100],
        created_at=at,
        due_at=at,
    )
    payment.reversed_amount += amount
    payment.save(update_fields=["reversed_amount"])
    outbox.enqueue("payments.reversal_due", run_at=at, reversal_id=reversal.pk)
    return reversal


def close_reversal(
    reversal: Reversal, *, succeeded: bool, by: User | None, at: datetime, reason: str
) -> Reversal:
    """Record what a person found out about a reversal that the provider does not tell the end of.

    One that was never sent is not sent any more. Raises ReversalNotDecidable for one that has
    ended, and while the call to the provider may still be running. Locks the reversal.
    """
    locked = Reversal.objects.get_for_update(reversal.pk)
    if locked.status not in Reversal.OPEN or locked.status == ReversalStatus.SENT:
        told = _("The reversal is {status}.").format(status=locked.get_status_display())
        raise ReversalNotDecidable(told)
    state = RefundState.DONE if succeeded else RefundState.REJECTED
    follow(locked, state, by=by, at=at, reason=reason)
    return locked


def hear(payment: Payment, word: RefundWord, at: datetime) -> Reversal | None:
    """Move the reversal that a provider's word is about, and return it; None if it is not ours.

    A reversal that has ended otherwise stays as it is: see `is_contradicted`. Locks the reversal.
    """
    found = _find(payment, word)
    if found is None:
        return None
    reversal = Reversal.objects.get_for_update(found.pk)
    if not reversal.provider_transaction_no:
        reversal.provider_transaction_no = word.transaction_no
        reversal.save(update_fields=["provider_transaction_no"])
    if not is_contradicted(reversal, word.state):
        told = f"The provider says of refund {word.transaction_no}: {word.state.value}."
        follow(reversal, word.state, by=None, at=at, reason=told)
    return reversal


def is_contradicted(reversal: Reversal, state: RefundState) -> bool:
    """Whether it ended here in another way than the provider says."""
    if reversal.status == ReversalStatus.REJECTED:
        return state in (RefundState.UNDER_WAY, RefundState.DONE)
    return reversal.status == ReversalStatus.SUCCEEDED and state is RefundState.REJECTED


def may_be_forgotten(payment: Payment) -> bool:
    """Whether money of a payment may have gone back after the backup that is in use now.

    Not if it was made since, nor if a person has looked since and had it tried again.
    """
    restored_at = settings.RESTORED_AT
    if restored_at is None or payment.created_at >= restored_at:
        return False
    looked_at = payment.reversals.filter(
        unclear_at__gte=restored_at, status=ReversalStatus.REJECTED
    )
    return not looked_at.exists()


def follow(
    reversal: Reversal, state: RefundState, *, by: User | None, at: datetime, reason: str
) -> None:
    """Bring a locked reversal to the state the provider, or a person, tells; repeats do nothing.

    Its end is a fact for the app above, and what was refused can go back in another way.
    """
    step = {
        RefundState.UNDER_WAY: reversal.accept,
        RefundState.DONE: reversal.succeed,
        RefundState.REJECTED: reversal.reject,
    }[state]
    if not can_proceed(step):
        return
    step(by=by, at=at, reason=reason)
    if state is RefundState.UNDER_WAY:
        reversal.due_at = at  # also when nobody asks any more, because a person was to look
    reversal.save()
    if state is RefundState.REJECTED:
        given_free = F("reversed_amount") - reversal.amount
        Payment.objects.filter(pk=reversal.payment_id).update(reversed_amount=given_free)
    if reversal.finished_at:
        outbox.enqueue("payments.reversal_ended", run_at=at, reversal_id=reversal.pk)


def ask_a_person(reversal: Reversal, *, at: datetime) -> None:
    """Say once that the provider does not tell what became of it. The caller saves the row."""
    if reversal.unclear_at is None:
        reversal.unclear_at = at
        outbox.enqueue("payments.reversal_unclear", run_at=at, reversal_id=reversal.pk)


def _check_reversible(payment: Payment, amount: Decimal) -> None:
    if payment.status != PaymentStatus.CAPTURED:
        raise PaymentNotCaptured(
            _("The payment is {status}.").format(status=payment.get_status_display())
        )
    if payment.reversals.open().exists():
        raise ReversalInProgress(_("Wait until the provider is done with it, then try again."))
    left = payment.amount - payment.reversed_amount
    if amount > left:
        told = _("{amount} VND can't go back; only {left} VND of this payment is left.")
        raise ReversalTooLarge(told.format(amount=f"{amount:,}", left=f"{left:,}"))


def _find(payment: Payment, word: RefundWord) -> Reversal | None:
    """By the refund's number; a number that is new here belongs to one of ours that has none."""
    number = word.transaction_no
    if not number.strip("0"):
        return None
    named = payment.reversals.filter(provider_transaction_no=number).first()
    if named is not None or tells_of_refund(payment, number):
        return named
    nameless = payment.reversals.filter(
        provider_transaction_no="", amount=word.amount, status__in=MAY_BE_NAMELESS
    )
    return nameless.order_by("pk").first()
