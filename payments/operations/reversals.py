"""Giving back what a payment brought: opened here, carried out by `services.advance_reversal`.

Callers hold the locks of order and payment; the reversal is locked here, after them.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from jobs import outbox
from jobs.writing import insert, save_together
from payments.errors import (
    PaymentNotCaptured,
    ReversalInProgress,
    ReversalNotDecidable,
    ReversalTooLarge,
)
from payments.models import Payment, PaymentStatus, Reversal, ReversalStatus
from payments.models.reversal import ON_THE_WAY
from payments.operations.cases import tells_of_refund
from payments.providers import RefundState, RefundWord
from ticketing.errors import DomainError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Sent, and perhaps done without our knowing the number; or a person said so, without a number.
MAY_BE_NAMELESS = (*ON_THE_WAY, ReversalStatus.SUCCEEDED)


class Wish(NamedTuple):
    """`amount` VND of a locked payment are to go back; the texts are for the provider."""

    payment: Payment
    amount: Decimal
    reason: str
    requested_by: str


def open_reversals(wishes: Sequence[Wish], *, at: datetime) -> list[Reversal | DomainError]:
    """Set money aside to go back, which jobs send to the providers; for each wish its reversal.

    The whole amount is asked for as a full reversal unless a partial one was tried before, whatever
    became of it. What can't be has its refusal in the answer's place: PaymentNotCaptured,
    ReversalInProgress, ReversalTooLarge.
    """
    earlier = Reversal.objects.filter(payment__in=[wish.payment for wish in wishes])
    found = list(earlier.values_list("payment_id", "is_full", "status"))
    busy = {payment for payment, _is_full, status in found if status in Reversal.OPEN}
    partly = {payment for payment, is_full, _status in found if not is_full}
    answers: list[Reversal | DomainError] = []
    for wish in wishes:
        refusal = _refusal(wish, busy)
        answers.append(refusal or _opened(wish, partly, at))
        # Of two wishes of one payment the second waits for the first: one at a time.
        busy.add(wish.payment.pk)
    # Saved at once, and not with what else is written: the jobs name the keys of the rows.
    opened = [each for each in answers if isinstance(each, Reversal)]
    insert(opened)
    save_together([reversal.payment for reversal in opened], "reversed_amount")
    _enqueue("payments.reversal_due", opened, at)
    return answers


def _opened(wish: Wish, partly: Container[int], at: datetime) -> Reversal:
    payment, amount, reason, requested_by = wish
    payment.reversed_amount += amount
    return Reversal(
        payment=payment,
        provider=payment.provider,
        amount=amount,
        # VNPay takes nothing but partial refunds after a first one (vnpay.md 8.1, code 04; 8.3).
        is_full=amount == payment.amount and payment.pk not in partly,
        reason=reason[:255],
        requested_by=requested_by[:100],
        created_at=at,
        due_at=at,
    )


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
    # Whatever is told: from now on its number finds it, and no other of the same amount.
    if not reversal.provider_transaction_no:
        reversal.provider_transaction_no = word.transaction_no
        reversal.save(update_fields=["provider_transaction_no"])
    if not is_contradicted(reversal, word.state):
        told = f"The provider says of refund {word.transaction_no}: {word.state.value}."
        if word.state is RefundState.REJECTED:
            # What it said when it took the request is not why it is rejected.
            reversal.provider_message = told
        follow(reversal, word.state, by=None, at=at, reason=told)
    return reversal


def is_contradicted(reversal: Reversal, state: RefundState) -> bool:
    """Whether it ended here in another way than the provider says."""
    if reversal.status == ReversalStatus.REJECTED:
        return state in (RefundState.UNDER_WAY, RefundState.DONE)
    return reversal.status == ReversalStatus.SUCCEEDED and state is RefundState.REJECTED


def may_be_forgotten(reversal: Reversal) -> bool:
    """Whether this money may have gone back already, after the backup that is in use now.

    Not if its payment was made since, nor if a person was asked to look at an earlier try, because
    of what the provider had said, and has the very same tried again: of other refunds of the
    payment, or while the provider was silent, nobody has learned anything.
    """
    restored_at = settings.RESTORED_AT
    if restored_at is None or reversal.payment.created_at >= restored_at:
        return False
    looked_at = reversal.payment.reversals.filter(
        requested_by=reversal.requested_by,
        status=ReversalStatus.REJECTED,
        checked_at__gte=restored_at,
        # Who was asked before that was asked for want of a word.
        unclear_at__gte=F("checked_at"),
    )
    return not looked_at.exists()


def follow(
    reversal: Reversal, state: RefundState, *, by: User | None, at: datetime, reason: str
) -> None:
    """Bring a locked reversal to the state the provider, or a person, tells; repeats do nothing."""
    if move(reversal, state, by=by, at=at, reason=reason):
        reversal.save()
        give_free([reversal])
        tell_ends([reversal], at=at)


def move(
    reversal: Reversal, state: RefundState, *, by: User | None, at: datetime, reason: str
) -> bool:
    """What `follow` does to the row alone; whether anything. The caller does the rest of it."""
    step = {
        RefundState.UNDER_WAY: reversal.accept,
        RefundState.DONE: reversal.succeed,
        RefundState.REJECTED: reversal.reject,
    }[state]
    if not can_proceed(step):
        return False
    step(by=by, at=at, reason=reason)
    if state is RefundState.UNDER_WAY:
        # Also when nobody asks any more, because a person was to look.
        reversal.due_at = at
    return True


def give_free(moved: Sequence[Reversal]) -> None:
    """What was refused can go back in another way."""
    for reversal in moved:
        if reversal.status == ReversalStatus.REJECTED:
            # By F: the copy of the payment that a reversal has may be older than the caller's lock.
            given_free = F("reversed_amount") - reversal.amount
            Payment.objects.filter(pk=reversal.payment_id).update(reversed_amount=given_free)


def tell_ends(moved: Sequence[Reversal], *, at: datetime) -> None:
    """The end of a reversal is a fact for the app above."""
    ended = [reversal for reversal in moved if reversal.finished_at]
    _enqueue("payments.reversal_ended", ended, at)


def ask_a_person(reversal: Reversal, *, at: datetime) -> None:
    """Say once that the provider does not tell what became of it. The caller saves the row."""
    if reversal.unclear_at is None:
        reversal.unclear_at = at
        _enqueue("payments.reversal_unclear", [reversal], at)


def _enqueue(topic: str, reversals: Sequence[Reversal], at: datetime) -> None:
    outbox.enqueue_due([outbox.new_job(topic, run_at=at, reversal_id=r.pk) for r in reversals])


def _refusal(wish: Wish, busy: Container[int]) -> DomainError | None:
    payment = wish.payment
    if payment.status != PaymentStatus.CAPTURED:
        return PaymentNotCaptured(
            _("The payment is {status}.").format(status=payment.get_status_display())
        )
    if payment.pk in busy:
        return ReversalInProgress(_("Wait until the provider is done with it, then try again."))
    left = payment.amount - payment.reversed_amount
    if wish.amount > left:
        told = _("{amount} VND can't go back; only {left} VND of this payment is left.")
        return ReversalTooLarge(told.format(amount=f"{wish.amount:,}", left=f"{left:,}"))
    return None


def _find(payment: Payment, word: RefundWord) -> Reversal | None:
    """By the refund's number; a number that is new here belongs to one of ours that has none."""
    number = word.transaction_no
    # Some write zeros where they have no number.
    if not number.strip("0"):
        return None
    named = payment.reversals.filter(provider_transaction_no=number).first()
    # A number that a case tells of is that of a refund by others, whatever its amount.
    if named is not None or tells_of_refund(payment, number):
        return named
    nameless = payment.reversals.filter(
        provider_transaction_no="", amount=word.amount, status__in=MAY_BE_NAMELESS
    )
    return nameless.order_by("pk").first()
