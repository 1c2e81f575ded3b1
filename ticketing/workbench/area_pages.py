"""The areas of a showing on one page: made, filled with seats, and, in a draft, taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ticketing import services
from ticketing.back_office import OwnEvents, reader
from ticketing.errors import DomainError
from ticketing.event_changes import why_nothing_is_removed
from ticketing.models import Area, Seat, Showing
from ticketing.workbench.forms import NewPlaces, NewRows, PlacesForm, RowsForm
from ticketing.workbench.overview import counted_areas
from ticketing.workbench.page import changeable, page, refusal_in_words


@dataclass
class Sent:
    """What was sent from the page: which deed, for which area, and its form if it has mistakes."""

    deed: str = ""
    area: int | None = None
    form: forms.Form | None = field(default=None)

    def form_for(self, kind: type[forms.Form], deed: str, area: int | None = None) -> forms.Form:
        """The form of a deed on the page: the one that was sent, else an empty one."""
        if self.form is not None and (self.deed, self.area) == (deed, area):
            return self.form
        return kind(auto_id=f"{deed}-{area or 'new'}-%s")


class AreaPages(OwnEvents):
    """A showing with the page of its areas."""

    @page(gettext_lazy("Areas and seats"), "areas")
    def areas(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The areas, with a form for what each of them still needs and for new ones."""
        showing = changeable(self, request, object_id)
        sent = Sent()
        if request.method == "POST":
            sent = _received(request, showing)
            if sent.deed and sent.form is None:
                return redirect("admin:ticketing_showing_areas", showing.pk)
        return self.show(
            request, "ticketing/workbench/areas.html", row=showing,
            title=_("Areas and seats"),
            areas=_areas(showing, sent),
            new_rows=sent.form_for(NewRows, "add_rows"),
            new_places=sent.form_for(NewPlaces, "add_places"),
            why_nothing_is_removed=why_nothing_is_removed(showing.event),
        )  # fmt: skip


def _areas(showing: Showing, sent: Sent) -> list[Any]:
    """The areas with their numbers, and the form of those that have no seats yet."""
    areas = counted_areas(Showing.objects.filter(pk=showing.pk))
    for area in areas:
        kind = PlacesForm if area.is_general_admission else RowsForm
        area.form = None if area.seats_there else sent.form_for(kind, "fill", area.pk)
    return areas


def _received(request: HttpRequest, showing: Showing) -> Sent:
    """Do what was asked. The form comes back with it if that was refused or not understood."""
    deed = request.POST.get("do", "")
    if deed in ADDED:
        return _filled_in(request, Sent(deed), ADDED[deed], partial(_add, showing=showing))
    if deed not in ("fill", *REMOVED):
        return Sent()
    area = _area(request, showing)
    if deed in REMOVED:
        _remove(request, deed, area)
        return Sent(deed, area.pk)
    kind = PlacesForm if area.is_general_admission else RowsForm
    return _filled_in(request, Sent(deed, area.pk), kind, partial(_give_seats, area=area))


def _area(request: HttpRequest, showing: Showing) -> Area:
    """The area that was meant; of this showing, or it does not exist."""
    asked = request.POST.get("area", "")
    area = showing.areas.filter(pk=asked).first() if asked.isascii() and asked.isdigit() else None
    if area is None:
        raise Http404
    return area


def _filled_in(
    request: HttpRequest,
    sent: Sent,
    kind: type[forms.Form],
    act: Callable[..., str],
) -> Sent:
    """Act on a form; what is wrong with it stands beside it."""
    form = kind(request.POST, auto_id=f"{sent.deed}-{sent.area or 'new'}-%s")
    if form.is_valid():
        try:
            messages.success(request, act(form=form, by=reader(request)))
        except DomainError as refusal:
            form.add_error(None, refusal_in_words(refusal))
        else:
            return sent
    sent.form = form
    return sent


def _add(*, showing: Showing, form: Any, by: User) -> str:
    area = services.add_area(
        showing_id=showing.pk,
        name=form.cleaned_data["name"],
        price=form.cleaned_data["price"],
        seating=form.seating,
        by=by,
    )
    return _("{area} is there with {count} seats.").format(
        area=area, count=Seat.objects.in_area(area).count()
    )


def _give_seats(*, area: Area, form: Any, by: User) -> str:
    count = services.give_seats(area_id=area.pk, seating=form.seating, by=by)
    return _("{area} has {count} seats now.").format(area=area, count=count)


def _remove(request: HttpRequest, deed: str, area: Area) -> None:
    try:
        REMOVED[deed](area_id=area.pk, by=reader(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("It is removed."))


ADDED: dict[str, type[forms.Form]] = {"add_rows": NewRows, "add_places": NewPlaces}
REMOVED: dict[str, Callable[..., Any]] = {
    "empty": services.empty_area,
    "remove": services.remove_area,
}
