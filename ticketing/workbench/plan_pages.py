"""A seat plan from a file: sent in, looked at, and only then made."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ticketing import services
from ticketing.back_office import OwnEvents, reader
from ticketing.errors import DomainError
from ticketing.models import SeatPlanUpload, Showing
from ticketing.seat_plan_file import MOST_BYTES, read_text
from ticketing.workbench.forms import PlanForm
from ticketing.workbench.page import changeable, page
from ticketing.workbench.plan_preview import SHOWN_AREAS, preview


def never(*_who_and_what: Any) -> bool:
    """For a page that other pages lead to."""
    return False


class PlanPages(OwnEvents):
    """A showing with the two pages of a plan."""

    @page(gettext_lazy("Seats from a file"), "plan", is_offered=never)
    def plan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the file; what is wrong with it is listed by line."""
        showing = changeable(self, request, object_id)
        sent = request.method == "POST"
        form = PlanForm(request.POST, request.FILES) if sent else PlanForm()
        mistakes: list[dict[str, Any]] = []
        if form.is_valid():
            try:
                self._keep(request, showing, form.cleaned_data["plan"])
                return redirect("admin:ticketing_showing_check_plan", showing.pk)
            except DomainError as refusal:
                form.add_error(None, str(refusal))
                mistakes = refusal.extra.get("errors", [])
        return self.show(
            request, "ticketing/workbench/plan.html", row=showing,
            title=_("Seats from a file"),
            form=form,
            mistakes=mistakes,
        )  # fmt: skip

    @page(gettext_lazy("Look at the plan"), "plan-preview", is_offered=never)
    def check_plan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the plan of this reader would make; sent, it is made."""
        showing = changeable(self, request, object_id)
        upload = showing.plan_uploads.filter(uploaded_by=reader(request)).first()
        if upload is None:
            messages.info(request, _("There is no plan that waits for your look: send one."))
            return redirect("admin:ticketing_showing_plan", showing.pk)
        mistakes: list[dict[str, Any]] = []
        if request.method == "POST":
            try:
                return self._make(request, upload)
            except DomainError as refusal:
                messages.error(request, str(refusal))
                mistakes = refusal.extra.get("errors", [])
        return self._look(request, upload, mistakes)

    def _keep(self, request: HttpRequest, showing: Showing, file: Any) -> None:
        services.keep_seat_plan(
            showing_id=showing.pk,
            file_name=file.name,
            data=file.read(MOST_BYTES + 1),
            by=reader(request),
        )

    def _make(self, request: HttpRequest, upload: SeatPlanUpload) -> HttpResponse:
        """Make the plan that was looked at, and no other that came after it."""
        if request.POST.get("looked_at") != str(upload.pk):
            messages.warning(request, _("This is another plan than you looked at. Look again."))
            return redirect("admin:ticketing_showing_check_plan", upload.showing_id)
        count = services.use_seat_plan(upload_id=upload.pk, by=reader(request))
        messages.success(request, _("{count} seats are made.").format(count=count))
        return redirect("admin:ticketing_showing_areas", upload.showing_id)

    def _look(
        self, request: HttpRequest, upload: SeatPlanUpload, mistakes: list[dict[str, Any]]
    ) -> HttpResponse:
        areas = preview(read_text(upload.text), upload.showing)
        return self.show(
            request, "ticketing/workbench/plan_preview.html", row=upload.showing,
            title=_("Look at the plan"),
            upload=upload,
            areas=areas[:SHOWN_AREAS],
            areas_left_out=max(len(areas) - SHOWN_AREAS, 0),
            area_count=len(areas),
            row_count=sum(len(area.rows) for area in areas),
            seat_count=sum(area.seats for area in areas),
            blocked_count=sum(area.blocked for area in areas),
            mistakes=mistakes,
        )  # fmt: skip
