"""The page of a showing's house: its seats as a plan and as a list, and taking some off sale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action

from orders.house.figures import holders
from orders.house.forms import ChosenSeats, PartOfRow, Places, ReasonedForm
from orders.house.price_pages import PricePages
from orders.house.shown import shown_house
from ticketing import services
from ticketing.back_office import reader
from ticketing.errors import DomainError
from ticketing.ids import read_id
from ticketing.models import Seat, Showing
from ticketing.roles import CHANGE_PLACES, may
from ticketing.seat_map import read_seat_map
from ticketing.showings_admin import ShowingAdmin
from ticketing.templatetags.pages import count as grouped

FORMS: dict[str, type[ReasonedForm]] = {"plan": ChosenSeats, "row": PartOfRow, "field": Places}


@dataclass(frozen=True)
class Change:
    """What is done with the places of a form, and how it is told afterwards."""

    seats: Callable[..., int]
    places: Callable[..., int]
    done: Callable[[int], str]

    def make(self, form: ReasonedForm, **who: Any) -> str:
        use_case = self.places if isinstance(form, Places) else self.seats
        return self.done(use_case(**form.wish, **who))


BLOCK = Change(
    services.block_seats,
    services.block_places,
    lambda count: ngettext(
        "{count} place is off sale.", "{count} places are off sale.", count
    ).format(count=grouped(count)),
)
RELEASE = Change(
    services.release_seats,
    services.release_places,
    lambda count: ngettext(
        "{count} place is on sale again.", "{count} places are on sale again.", count
    ).format(count=grouped(count)),
)

# Its page gets what only orders know: who has which seat.
admin.site.unregister(Showing)


@admin.register(Showing)
class HouseAdmin(PricePages, ShowingAdmin):
    """The page of a showing, with the way to its seats and prices."""

    actions_detail = ["seat_plan", "change_prices", *ShowingAdmin.actions_detail]

    @action(description=gettext_lazy("Seat plan"), url_path="seat-plan")
    def seat_plan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Every place with its state, and where the reader may, the forms that change it."""
        return self._show(request, self.visible(request, object_id))

    def get_urls(self) -> list[URLPattern]:
        own: dict[str, Callable[..., HttpResponse]] = {
            "seat_map": self.seat_map,
            "seat_holder": self.seat_holder,
            "block_seats": self.block_seats,
            "release_seats": self.release_seats,
        }
        wrap = self.admin_site.admin_view
        pages = [
            path(
                f"<path:object_id>/{name.replace('_', '-')}/",
                wrap(page),
                name=f"ticketing_showing_{name}",
            )
            for name, page in own.items()
        ]
        return [*pages, *super().get_urls()]

    def seat_map(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The seat map as the API gives it, of drafts too; with `since`, what changed."""
        showing = self.visible(request, object_id)
        fresh = read_seat_map(showing.pk, since=read_id(request.GET.get("since", "")) or 0)
        return HttpResponse(
            fresh.body, content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    def seat_holder(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The order that has a seat of this showing, if somebody has it."""
        showing = self.visible(request, object_id)
        wanted = read_id(request.GET.get("seat", "")) or 0
        seat = Seat.objects.filter(showing=showing, pk=wanted).first()
        order = holders([seat.pk]).get(seat.pk) if seat else None
        if order is None or not may(reader(request), "orders.view_order", showing.event):
            return JsonResponse({})
        address = reverse("admin:orders_order_change", args=[order.pk])
        status = order.get_status_display()
        return JsonResponse({"code": order.code, "address": address, "status": str(status)})

    def block_seats(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the places of a form off sale."""
        return self._change(request, object_id, BLOCK)

    def release_seats(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put the places of a form on sale again."""
        return self._change(request, object_id, RELEASE)

    def _change(self, request: HttpRequest, object_id: str, change: Change) -> HttpResponse:
        showing, user = self.visible(request, object_id), reader(request)
        if not may(user, CHANGE_PLACES, showing.event):
            raise PermissionDenied
        # A reload, or the way back from the log-in, asks for the address of the form: the page
        # answers.
        if request.method != "POST":
            return self._show(request, showing)
        form = FORMS.get(request.POST.get("by", ""), ChosenSeats)(showing, request.POST)
        if form.is_valid():
            try:
                messages.success(request, change.make(form, by=user))
                return redirect("admin:ticketing_showing_seat_plan", object_id=showing.pk)
            except DomainError as refusal:
                form.add_error(None, str(refusal))
        return self._show(request, showing, form)

    def _show(
        self, request: HttpRequest, showing: Showing, refused: ReasonedForm | None = None
    ) -> HttpResponse:
        house = shown_house(request, showing, refused)
        return self.show(request, "orders/house/page.html", title=str(showing), **house)
