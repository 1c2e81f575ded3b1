"""The page of an event: what comes next, a copy, and the checklist before it is published."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm import can_proceed
from unfold.enums import ActionVariant

from ticketing import services
from ticketing.back_office import reader
from ticketing.event_actions import EventActions
from ticketing.models import Event, Showing
from ticketing.publish_checklist import (
    Condition,
    Fault,
    Page,
    obstacles,
    publish_checklist,
)
from ticketing.roles import runs_it
from ticketing.workbench.forms import CopyForm
from ticketing.workbench.overview import overview
from ticketing.workbench.page import NotedChanges, attempt, changeable, page

MENDED_ON = {
    Page.EVENT: "ticketing_event_change",
    Page.SHOWING: "ticketing_showing_change",
    Page.AREAS: "ticketing_showing_areas",
    Page.SEATS: "ticketing_showing_seat_plan",
    Page.PRICES: "ticketing_showing_change_prices",
    Page.ORGANIZER: "ticketing_organizer_change",
}


def can_publish(user: User, event: Event) -> bool:
    """Whether the checklist is worth a look."""
    return runs_it(user, event) and can_proceed(event.publish)


class EventPages(NotedChanges, EventActions):
    """An event with its checklist and its copies."""

    class Media:
        css: ClassVar = {"all": ["workbench/workbench.css"]}

    actions_detail: ClassVar[list[Any]] = [
        "check_and_publish", "copy_event", *EventActions.actions_detail
    ]  # fmt: skip

    @page(gettext_lazy("Publish"), "publish", is_offered=can_publish, variant=ActionVariant.PRIMARY)
    def check_and_publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The checklist; sent, the event is published unless something stands in the way."""
        event = changeable(self, request, object_id)
        if request.method == "POST":
            publish = partial(services.publish_event, event_id=event.pk, by=reader(request))
            told = _("{event} is published: its tickets can be bought.").format(event=event)
            if attempt(request, publish, told):
                return redirect("admin:ticketing_event_change", event.pk)
        checklist = publish_checklist(event, timezone.now())
        return self.show(
            request, "ticketing/workbench/checklist.html", row=event,
            title=_("Publish {event}").format(event=event),
            required=[_line(each) for each in checklist if each.is_required],
            advice=[_line(each) for each in checklist if not each.is_required],
            is_ready=not obstacles(checklist),
            overview=overview(event),
        )  # fmt: skip

    @page(gettext_lazy("Copy"), "copy", is_offered=runs_it)
    def copy_event(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for title and date of the copy, then make it."""
        event = self.visible(request, object_id)
        if not self.has_add_permission(request):
            raise PermissionDenied
        first = Showing.objects.filter(event=event).order_by("starts_at", "pk").first()
        sent = request.POST if request.method == "POST" else None
        form = CopyForm(sent, event=event, first=first)
        if form.is_valid():
            copy = partial(services.copy_event, event_id=event.pk, by=reader(request), **form.wish)
            made = attempt(request, copy, _("This is the copy. Look it over, then publish it."))
            if made:
                return redirect("admin:ticketing_event_change", made.pk)
        title = _("Copy {event}").format(event=event)
        return self.show(
            request, "ticketing/workbench/copy.html", row=event, title=title, form=form
        )


def _line(condition: Condition) -> dict[str, Any]:
    faults = [(fault.text, _mended_on(fault)) for fault in condition.faults]
    return {"condition": condition, "faults": faults}


def _mended_on(fault: Fault) -> str:
    return reverse(f"admin:{MENDED_ON[fault.page]}", args=[fault.pk])
