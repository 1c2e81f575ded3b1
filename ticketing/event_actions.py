"""What is decided about an event on its page in the back office: each asks for a reason first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm import can_proceed
from unfold.decorators import action

from jobs.back_office import offered
from ticketing import services
from ticketing.asking import Question, ReasonForm
from ticketing.back_office import OwnEvents, reader
from ticketing.event_changes import seats_sold_of_past
from ticketing.models import Event
from ticketing.roles import is_admin, runs_it

Page = Callable[..., HttpResponse]


def decides(user: User, event: Event) -> bool:
    """Whether it is one of those who decide about every event."""
    return is_admin(user)


def about_the_past(event: Event) -> str:
    """That money of showings that have taken place goes back, too, if any was sold."""
    sold = seats_sold_of_past(event, timezone.now())
    if not sold:
        return ""
    return _(
        "{count} seats were sold for showings that have taken place. Their orders are of this "
        "event: refunding all of it gives their money back in full as well."
    ).format(count=sold)


@dataclass(frozen=True)
class Step:
    """One decision: its page, its use case, and when it is offered to whom.

    The use case refuses by itself what is not offered.
    """

    name: str
    title: Any
    consequence: Any
    decide: Callable[..., Event]
    is_possible: Callable[[Event], bool]
    is_for: Callable[[User, Event], bool] = decides
    warning: Callable[[Event], str] = lambda event: ""

    def is_offered(self, user: User, event: Event) -> bool:
        return self.is_for(user, event) and self.is_possible(event)


def _page(step: Step) -> Page:
    """The admin page that asks for the reason of a decision, then decides."""

    def page(self: EventActions, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.decide(request, object_id, step)

    made = action(description=step.title, url_path=step.name)(page)
    return offered(step.is_offered)(made)


class EventActions(OwnEvents):
    """The page of an event, with a button for each decision that is open to its reader."""

    actions_detail: ClassVar[list[Any]] = [
        "request_cancellation", "withdraw_cancellation",
        {"title": gettext_lazy("Its sale"), "items": [
            "postpone", "reinstate", "confirm_cancellation"]},
        {"title": gettext_lazy("Fraud"), "items": [
            "investigate", "confirm_fraud", "clear", "lift_revenue_freeze"]},
    ]  # fmt: skip

    postpone = _page(
        Step(
            "postpone",
            gettext_lazy("Postpone"),
            gettext_lazy(
                "Its sale stops and nobody gets in until it is reinstated. "
                "Whoever has a ticket is told by mail."
            ),
            services.postpone_event,
            lambda event: can_proceed(event.postpone),
        )
    )
    reinstate = _page(
        Step(
            "reinstate",
            gettext_lazy("Reinstate"),
            gettext_lazy(
                "It sells again, and whoever has a ticket is told by mail when it takes place. "
                "Give its showings their new dates first."
            ),
            services.reinstate_event,
            lambda event: can_proceed(event.reinstate),
        )
    )
    request_cancellation = _page(
        Step(
            "request_cancellation",
            gettext_lazy("Ask for its cancellation"),
            gettext_lazy("Nothing changes until a platform admin confirms it."),
            services.request_cancellation,
            lambda event: can_proceed(event.cancel) and not event.cancellation_requested_at,
            is_for=runs_it,
        )
    )
    withdraw_cancellation = _page(
        Step(
            "withdraw_cancellation",
            gettext_lazy("Withdraw the request to cancel"),
            gettext_lazy("The event goes on as it is."),
            services.withdraw_cancellation,
            lambda event: (
                bool(event.cancellation_requested_at) and event.status != Event.Status.CANCELLED
            ),
            is_for=runs_it,
        )
    )
    confirm_cancellation = _page(
        Step(
            "confirm_cancellation",
            gettext_lazy("Cancel for ever"),
            gettext_lazy("Orders that wait for payment end, and every buyer gets the money back."),
            services.confirm_cancellation,
            lambda event: can_proceed(event.cancel),
            warning=about_the_past,
        )
    )
    investigate = _page(
        Step(
            "investigate",
            gettext_lazy("Investigate a fraud"),
            gettext_lazy("It goes on selling meanwhile."),
            services.investigate_event,
            lambda event: can_proceed(event.investigate),
        )
    )
    confirm_fraud = _page(
        Step(
            "confirm_fraud",
            gettext_lazy("Confirm the fraud"),
            gettext_lazy(
                "Its sale ends and its revenue is frozen. No money goes back before you start the "
                "campaign that is prepared for all of its orders, or one for those you choose."
            ),
            services.confirm_fraud,
            lambda event: can_proceed(event.confirm_fraud),
            warning=about_the_past,
        )
    )
    clear = _page(
        Step(
            "clear",
            gettext_lazy("Clear of suspicion"),
            gettext_lazy("If it is published it sells again. Revenue that is frozen stays frozen."),
            services.clear_event,
            lambda event: can_proceed(event.clear),
        )
    )
    lift_revenue_freeze = _page(
        Step(
            "lift_revenue_freeze",
            gettext_lazy("Give its revenue free"),
            gettext_lazy("Its organizer may be paid. Who cleared the event can't do this."),
            services.lift_revenue_freeze,
            lambda event: can_proceed(event.lift_revenue_freeze) and bool(event.revenue_frozen_at),
        )
    )

    def decide(self, request: HttpRequest, object_id: str, step: Step) -> HttpResponse:
        """Ask for the reason, then decide with it and say if that was refused."""
        event, user = self.visible(request, object_id), reader(request)
        if not step.is_for(user, event):
            raise PermissionDenied
        question = Question(
            step.title,
            step.consequence,
            partial(step.decide, event_id=event.pk, by=user),
            form=ReasonForm,
            template="ticketing/decide_about_event.html",
            context={"event": event, "warning": step.warning(event)},
        )
        return question.ask(self, request, event)
