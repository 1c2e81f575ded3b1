"""Suspect an event of fraud, and decide. All of it is for platform admins."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed
from django_fsm_log.models import StateLog

from jobs import outbox
from ticketing.dates_news import announce_again
from ticketing.errors import SecondAdminNeeded, WrongEventState
from ticketing.models import Event, FraudStatus
from ticketing.roles import require_admin


@transaction.atomic(durable=True)
def investigate_event(*, event_id: int, by: User, reason: str) -> Event:
    """Begin to investigate the event, for the first time or again after it was cleared.

    Nothing is proved yet, so it goes on selling and its tickets let people in.
    Locks the event. Raises NotAllowed unless `by` is an admin, WrongEventState.
    """
    event = _lock(event_id, by)
    _check(event, event.investigate, _("It is {state} already; clear it first."))
    event.investigate(by=by, at=timezone.now(), reason=reason)
    event.save(update_fields=["fraud_status", "fraud_cleared_by", "revenue_freeze_lifted_by"])
    return event


@transaction.atomic(durable=True)
def confirm_fraud(*, event_id: int, by: User, reason: str) -> Event:
    """End sales and admission, freeze the organizer's revenue, have the buyers' money go back.

    Locks the event, then waits for free orders that are being placed. Raises NotAllowed unless
    `by` is an admin, WrongEventState.
    """
    # Before the lock: whoever may not decide keeps nobody waiting.
    _check_admin(by)
    event = Event.objects.get_to_close(event_id)
    _check(event, event.confirm_fraud, _("Investigate first; the fraud status is “{state}”."))
    now = timezone.now()
    event.confirm_fraud(by=by, at=now, reason=reason)
    event.save(update_fields=["fraud_status", "revenue_frozen_at"])
    outbox.enqueue("ticketing.event_closed", run_at=now, event_id=event.pk)
    outbox.enqueue("ticketing.fraud_confirmed", run_at=now, event_id=event.pk, by_id=by.pk)
    return event


@transaction.atomic(durable=True)
def clear_event(*, event_id: int, by: User, reason: str) -> Event:
    """Say that it was no fraud: if it is published, it sells again.

    Revenue that is frozen stays so until another admin than `by` lifts the freeze. What became of
    its dates meanwhile is told now, and that tickets are good that were called invalid.
    Locks the event, then waits for refunds that are being approved because of the fraud. Raises
    NotAllowed unless `by` is an admin, WrongEventState.
    """
    _check_admin(by)
    event = Event.objects.get_to_close(event_id)
    _check(event, event.clear, _("There is nothing to clear; the fraud status is “{state}”."))
    now, was_confirmed = timezone.now(), event.fraud_status == FraudStatus.CONFIRMED
    event.clear(by=by, at=now, reason=reason)
    event.save(update_fields=["fraud_status", "fraud_cleared_by"])
    # While it was only suspected, nothing was held back and nobody was told anything.
    if was_confirmed:
        # The last one: it may have been cleared of an earlier fraud.
        confirmed = StateLog.objects.for_(event).filter(transition="confirm_fraud").latest("pk")
        announce_again(event, since=confirmed.timestamp, at=now)
        outbox.enqueue("ticketing.event_cleared", run_at=now, event_id=event.pk)
    return event


@transaction.atomic(durable=True)
def lift_revenue_freeze(*, event_id: int, by: User, reason: str) -> Event:
    """Give the revenue of a cleared event free; who cleared it can't do that alone.

    Locks the event. Raises NotAllowed unless `by` is an admin, WrongEventState unless the event
    is cleared and its revenue frozen, SecondAdminNeeded.
    """
    event = _lock(event_id, by)
    _check(
        event,
        event.lift_revenue_freeze,
        _("Clear the event first; its fraud status is “{state}”."),
    )
    if event.revenue_frozen_at is None:
        raise WrongEventState(_("Its revenue is not frozen, so there is nothing to lift."))
    if event.fraud_cleared_by_id == by.pk:
        raise SecondAdminNeeded(_("You cleared this event yourself. Ask another admin to look."))
    event.lift_revenue_freeze(by=by, at=timezone.now(), reason=reason)
    event.save(update_fields=["fraud_status", "revenue_frozen_at", "revenue_freeze_lifted_by"])
    return event


def _check_admin(by: User) -> None:
    require_admin(by, _("Platform admins decide about fraud. Tell one of them what you know."))


def _lock(event_id: int, by: User) -> Event:
    _check_admin(by)
    return Event.objects.get_for_update(event_id)


def _check(event: Event, step: Callable[..., None], refusal: str) -> None:
    if not can_proceed(step):
        raise WrongEventState(refusal.format(state=event.get_fraud_status_display()))
