"""Postpone an event, and let it take place after all."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from jobs import outbox
from ticketing.dates_news import News, announce
from ticketing.errors import WrongDates, WrongEventState
from ticketing.event_changes import put_off
from ticketing.models import Event
from ticketing.roles import require_admin


@transaction.atomic(durable=True)
def postpone_event(*, event_id: int, by: User, reason: str) -> Event:
    """Stop selling until there is a new date. Its tickets stay good, and nobody gets in meanwhile.

    Orders waiting for payment begin no new attempt, and end if there was none; money that is on its
    way is accepted. Whoever has a ticket is told by mail.
    Locks the event. Raises NotAllowed unless `by` is an admin, WrongEventState.
    """
    require_admin(by, _("Platform admins postpone events. Ask one of them."))
    event = Event.objects.get_for_update(event_id)
    if not can_proceed(event.postpone):
        raise WrongEventState(
            _("Only a published event can be postponed; this one is {state}.").format(
                state=event.get_status_display()
            )
        )
    now = timezone.now()
    event.postpone(by=by, at=now, reason=reason)
    event.save(update_fields=["status"])
    announce(News.POSTPONED, event, event.showings.order_by("pk"), at=now)
    outbox.enqueue("ticketing.event_closed", run_at=now, event_id=event.pk)
    return event


@transaction.atomic(durable=True)
def reinstate_event(*, event_id: int, by: User, reason: str) -> Event:
    """Sell a postponed event again. Give its showings their new dates before.

    Whoever has a ticket is told by mail when it takes place.
    Locks the event. Raises NotAllowed unless `by` is an admin, WrongEventState, WrongDates while a
    showing that was put off has a date that has passed.
    """
    require_admin(by, _("Platform admins reinstate events. Ask one of them."))
    event = Event.objects.get_for_update(event_id)
    if not can_proceed(event.reinstate):
        raise WrongEventState(
            _("Only a postponed event can be reinstated; this one is {state}.").format(
                state=event.get_status_display()
            )
        )
    now = timezone.now()
    _check_dates(event, now)
    event.reinstate(by=by, at=now, reason=reason)
    event.save(update_fields=["status"])
    announce(News.REINSTATED, event, event.showings.order_by("pk"), at=now)
    return event


def _check_dates(event: Event, now: datetime) -> None:
    """Of a showing without a date to come nobody would be told, though they were promised one."""
    past = put_off(event).filter(ends_at__lte=now)
    told = _("The date of {showing} is past: give it a new one first.")
    found = [told.format(showing=each) for each in past.order_by("starts_at", "pk")]
    if found:
        raise WrongDates(" ".join(found))
