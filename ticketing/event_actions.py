"""What is decided about an event on its page in the back office: each asks for a reason first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm import can_proceed

from ticketing import services
from ticketing.asking import Decision, Question
from ticketing.back_office import OwnEvents, reader
from ticketing.event_changes import put_off, seats_sold_of_missed, seats_sold_of_past
from ticketing.models import Event
from ticketing.roles import runs_it


def about_the_past(event: Event) -> str:
    """That money of showings that have taken place goes back, too, if any was sold."""
    sold = seats_sold_of_past(event, timezone.now())
    if not sold:
        return ""
    return _(
        "{count} seats were sold for showings that have taken place. Their orders are of this "
        "event: refunding all of it gives their money back in full as well."
    ).format(count=sold)


def about_the_sale(event: Event) -> str:
    """Which showings sell nothing although they are to come again: they were moved to later."""
    if event.status != Event.Status.POSTPONED:
        return ""
    over = put_off(event).filter(ticket_sale_end__lte=timezone.now())
    told = _("The sale of {showing} is over: nobody can buy a ticket.")
    return " ".join(told.format(showing=each) for each in over.order_by("starts_at", "pk"))


def about_the_missed(event: Event) -> str:
    """That nobody was let in to showings meanwhile, if any was sold."""
    sold = seats_sold_of_missed(event, timezone.now())
    if not sold:
        return ""
    return _(
        "{count} seats were sold for showings that began or went on after the fraud was confirmed, "
        "and nobody was let in. Give back what is left of their money before you clear the event: "
        "afterwards only cancelling all of it does."
    ).format(count=sold)


@dataclass(frozen=True)
class Step(Decision):
    """A decision about an event, and what to warn of before it."""

    warning: Callable[[Event], str] = lambda event: ""


class EventActions(OwnEvents):
    """The page of an event, with a button for each decision that is open to its reader."""

    actions_detail: ClassVar[list[Any]] = [
        "request_cancellation", "withdraw_cancellation",
        {"title": gettext_lazy("Its sale"), "items": [
            "postpone", "reinstate", "confirm_cancellation"]},
        {"title": gettext_lazy("Fraud"), "items": [
            "investigate", "confirm_fraud", "clear", "lift_revenue_freeze"]},
    ]  # fmt: skip

    postpone = Step(
        "postpone",
        gettext_lazy("Postpone"),
        gettext_lazy(
            "Its sale stops and nobody gets in until it is reinstated. Orders end that nobody "
            "has tried to pay. Whoever has a ticket is told by mail."
        ),
        services.postpone_event,
        lambda event: can_proceed(event.postpone),
    ).page()
    reinstate = Step(
        "reinstate",
        gettext_lazy("Reinstate"),
        gettext_lazy(
            "It sells again, and whoever has a ticket is told by mail when it takes place. "
            "Give its showings their new dates first."
        ),
        services.reinstate_event,
        lambda event: can_proceed(event.reinstate),
        warning=about_the_sale,
    ).page()
    request_cancellation = Step(
        "request_cancellation",
        gettext_lazy("Ask for its cancellation"),
        gettext_lazy("Nothing changes until a platform admin confirms it."),
        services.request_cancellation,
        lambda event: can_proceed(event.cancel) and not event.cancellation_requested_at,
        is_for=runs_it,
    ).page()
    withdraw_cancellation = Step(
        "withdraw_cancellation",
        gettext_lazy("Withdraw the request to cancel"),
        gettext_lazy("The event goes on as it is."),
        services.withdraw_cancellation,
        lambda event: (
            bool(event.cancellation_requested_at) and event.status != Event.Status.CANCELLED
        ),
        is_for=runs_it,
    ).page()
    confirm_cancellation = Step(
        "confirm_cancellation",
        gettext_lazy("Cancel for ever"),
        gettext_lazy("Orders that wait for payment end, and every buyer gets the money back."),
        services.confirm_cancellation,
        lambda event: can_proceed(event.cancel),
        warning=about_the_past,
    ).page()
    investigate = Step(
        "investigate",
        gettext_lazy("Investigate a fraud"),
        gettext_lazy("It goes on selling meanwhile."),
        services.investigate_event,
        lambda event: can_proceed(event.investigate),
    ).page()
    confirm_fraud = Step(
        "confirm_fraud",
        gettext_lazy("Confirm the fraud"),
        gettext_lazy(
            "Its sale ends and its revenue is frozen. No money goes back before you start the "
            "campaign that is prepared for all of its orders, or one for those you choose."
        ),
        services.confirm_fraud,
        lambda event: can_proceed(event.confirm_fraud),
        warning=about_the_past,
    ).page()
    clear = Step(
        "clear",
        gettext_lazy("Clear of suspicion"),
        gettext_lazy("If it is published it sells again. Revenue that is frozen stays frozen."),
        services.clear_event,
        lambda event: can_proceed(event.clear),
        warning=about_the_missed,
    ).page()
    lift_revenue_freeze = Step(
        "lift_revenue_freeze",
        gettext_lazy("Give its revenue free"),
        gettext_lazy("Its organizer may be paid. Who cleared the event can't do this."),
        services.lift_revenue_freeze,
        lambda event: can_proceed(event.lift_revenue_freeze) and bool(event.revenue_frozen_at),
    ).page()

    def decide(self, request: HttpRequest, object_id: str, step: Step) -> HttpResponse:
        """Ask for the reason, then decide with it and say if that was refused."""
        event, user = self.visible(request, object_id), reader(request)
        if not step.is_for(user, event):
            raise PermissionDenied
        question = Question(
            step.title,
            step.told(event),
            partial(step.decide, event_id=event.pk, by=user),
            form=lambda data: step.make_form(data, event),
            template="ticketing/decide_about_event.html",
            context={"event": event, "warning": step.warning(event)},
        )
        return question.ask(self, request, event)
