"""The page of a showing, and the way to take it back while its event is a draft."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.enums import ActionVariant

from ticketing import services
from ticketing.back_office import reader
from ticketing.event_changes import is_to_come
from ticketing.models import Event, EventStatus, Seat, SeatStatus
from ticketing.roles import runs_it
from ticketing.workbench.area_pages import AreaPages
from ticketing.workbench.page import NotedChanges, attempt, changeable, page
from ticketing.workbench.plan_pages import PlanPages


def can_remove(user: User, event: Event) -> bool:
    """Whether showings are still taken away."""
    return runs_it(user, event) and event.status == EventStatus.DRAFT


class ShowingPages(NotedChanges, AreaPages, PlanPages):
    """A showing with the pages of its areas, its plan, and its removal."""

    actions_detail: ClassVar[list[Any]] = ["areas", "plan", "check_plan", "remove_showing"]

    @page(gettext_lazy("Remove"), "remove", is_offered=can_remove, variant=ActionVariant.DANGER)
    def remove_showing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask once more, then remove it with all its areas and seats."""
        showing = changeable(self, request, object_id)
        if request.method == "POST":
            remove = partial(services.remove_showing, showing_id=showing.pk, by=reader(request))
            if attempt(request, remove, _("The showing is removed.")):
                return redirect("admin:ticketing_event_change", showing.event_id)
        return self.show(
            request, "ticketing/workbench/remove.html", row=showing,
            title=_("Remove {showing}").format(showing=showing),
            form=forms.Form(),
        )  # fmt: skip

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Say who is left to be told of an area's other name: tickets keep the one they have."""
        super().save_formset(request, form, formset, change)
        renamed = [each.instance for each in formset.initial_forms if "name" in each.changed_data]
        sold = Seat.objects.filter(row__area__in=renamed, status=SeatStatus.SOLD)
        if sold.exists() and is_to_come(form.instance, timezone.now()):
            told = _(
                "Tickets that are sold keep the name that their area had, also at the door, and "
                "nobody is told of another one: write to the buyers, whose addresses are in the "
                "file of the event's orders."
            )
            messages.warning(request, told)
