"""What of an event may be changed: by whom, and in which state of it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_fsm_log.models import StateLog

from ticketing.errors import DomainError, ShowingOver, WrongEventState
from ticketing.models import Event, EventStatus, FraudStatus, Seat, SeatStatus, Showing
from ticketing.roles import CHANGE_PLACES, is_admin, require


def lock_for_change(event_id: int, by: User | None) -> Event:
    """Lock an event that is about to get areas and seats, or to lose some; its buyers don't wait.

    `by` is None for the system itself. Raises NotAllowed unless the event is one that `by` may
    change, WrongEventState once it is off.
    """
    event = Event.objects.get_for_no_key_update(event_id)
    if by is not None:
        require(by, "ticketing.change_event", event, _("Only its organizer changes an event."))
    if event.is_closed:
        raise WrongEventState(
            _("{event} does not take place any more: its areas and seats stay as they are.").format(
                event=event
            )
        )
    return event


def lock_showing_for_change(showing_id: int, *, by: User, now: datetime) -> Showing:
    """Lock the event of a showing whose places or prices are about to change; return the showing.

    So nobody calls it off meanwhile; no buyer waits for that. Raises NotAllowed unless `by` may
    change the showing, WrongEventState when the event is off, ShowingOver.
    """
    showing = Showing.objects.get(pk=showing_id)
    showing.event = Event.objects.get_for_update(showing.event_id)
    require(
        by, CHANGE_PLACES, showing.event, _("Members of its organizer change what is for sale.")
    )
    refusal = why_unchangeable(showing, now)
    if refusal:
        raise refusal
    return showing


def why_unchangeable(showing: Showing, now: datetime) -> DomainError | None:
    """The refusal where a change would mean nothing to anybody; None where places may change."""
    if showing.event.is_closed:
        return WrongEventState(
            _("The event does not take place, so its places and prices stay as they are.")
        )
    if now >= showing.ends_at:
        return ShowingOver(
            _("The showing ended at {moment}, so its places and prices stay as they are.").format(
                moment=showing.local(showing.ends_at)
            )
        )
    return None


def why_nothing_to_pay(event: Event) -> str:
    """Why its orders can't be paid now; empty while it sells tickets."""
    if event.is_selling:
        return ""
    if event.status == EventStatus.CANCELLED:
        return _("The event was cancelled. There is nothing to pay.")
    if event.is_closed:
        return _("Tickets for this event are not sold any more. There is nothing to pay.")
    return _("The event is {state}. Place a new order once its tickets are on sale again.").format(
        state=event.get_status_display()
    )


def may_change_organizer(event: Event, by: User) -> bool:
    """Who gets the money and reads about the buyers: once there can be any, the platform says."""
    return event.status == EventStatus.DRAFT or is_admin(by)


def why_nothing_is_removed(event: Event) -> str:
    """Why its places can't be taken away; empty while nobody can have bought one."""
    if event.status == EventStatus.DRAFT:
        return ""
    return _(
        "Only a draft loses places: {event} is {state}, and people may have bought there. "
        "Block the seats that are not to be sold."
    ).format(event=event, state=event.get_status_display())


def check_removable(event: Event) -> None:
    """Raise WrongEventState unless places may still be taken away."""
    reason = why_nothing_is_removed(event)
    if reason:
        raise WrongEventState(reason)


def why_its_dates_stay(showing: Showing) -> str:
    """Why a showing can't be moved to other dates as it is; empty if it can.

    Whoever holds a ticket hears of new dates by a postponement, and may then give it back. What
    took place before that is no part of it: its tickets would open another door.
    """
    event = showing.event
    if event.status == EventStatus.PUBLISHED and has_buyers(showing):
        return _("Tickets are out: have the event postponed before it gets another date.")
    is_postponed = event.status == EventStatus.POSTPONED
    if is_postponed and not is_put_off(event, showing) and has_buyers(showing):
        return _("It was over when the event was postponed. Add a showing for another night.")
    return ""


def has_buyers_to_come(event: Event, now: datetime) -> bool:
    """Whether somebody has ordered for a showing that has not taken place yet."""
    return any(has_buyers(each) for each in event.showings.all() if is_to_come(each, now))


def is_to_come(showing: Showing, now: datetime) -> bool:
    """Whether it has not taken place yet; what was put off has not, whatever its date."""
    return showing.ends_at > now or is_put_off(showing.event, showing)


def put_off(event: Event) -> QuerySet[Showing]:
    """The showings of a postponed event that wait for another date, or have one.

    What was over when the event was postponed took place, and stays as it is.
    """
    # The last one: an event may have been postponed before.
    postponed = StateLog.objects.for_(event).filter(transition="postpone").latest("pk")
    return event.showings.filter(ends_at__gt=postponed.timestamp)


def is_put_off(event: Event, showing: Showing) -> bool:
    """Whether a showing was put off with its event, and has not taken place before that."""
    return event.status == EventStatus.POSTPONED and put_off(event).filter(pk=showing.pk).exists()


def seats_sold_of_past(event: Event, now: datetime) -> int:
    """How many seats of the event were sold for showings that have taken place."""
    return _seats_sold(event, event.showings.filter(ends_at__lte=now))


def seats_sold_of_missed(event: Event, now: datetime) -> int:
    """How many seats of the event were sold for showings that were on since its fraud is confirmed.

    Of a cancelled event the money goes back, whatever becomes of the suspicion.
    """
    if event.fraud_status != FraudStatus.CONFIRMED or event.status == EventStatus.CANCELLED:
        return 0
    # The last one: it may have been cleared of an earlier fraud.
    confirmed = StateLog.objects.for_(event).filter(transition="confirm_fraud").latest("pk")
    began = event.showings.filter(starts_at__lte=now)
    return _seats_sold(event, began.filter(ends_at__gt=confirmed.timestamp))


def _seats_sold(event: Event, showings: QuerySet[Showing]) -> int:
    """How many were sold for those of these showings that were not put off."""
    if event.status == EventStatus.POSTPONED:
        showings = showings.exclude(pk__in=put_off(event))
    return Seat.objects.filter(showing__in=showings, status=SeatStatus.SOLD).count()


def has_buyers(showing: Showing) -> bool:
    """Whether a seat of the showing is held or sold."""
    taken = (SeatStatus.HELD, SeatStatus.SOLD)
    return Seat.objects.filter(showing=showing, status__in=taken).exists()
