"""Choosing places of a showing and holding them: the page every purchase starts from."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from orders import services
from orders.errors import NotEnoughSeats, SeatsUnavailable
from orders.pages.choice import Choice
from orders.pages.places import chosen_seats, places_of
from orders.pages.plan import plan_data, standing_data
from orders.pages.seen_prices import check_prices, shown_prices
from ticketing.api.views import public_showing
from ticketing.errors import DomainError
from ticketing.models import Area, Seat, Showing
from ticketing.pages.offers import offers_of
from ticketing.pages.throttling import limited


@dataclass(frozen=True)
class Refusal:
    """Why nothing was held, in words; `taken` are the chosen seats that somebody else has."""

    status: int
    title: str
    detail: str
    taken: Sequence[Seat] = ()


# Not stored, so that going back gives a fresh page: current seats, and a key for another order.
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited
def showing_page(request: HttpRequest, showing_id: int) -> HttpResponse:
    """Show the places; a POST holds the chosen ones or, with `look_…`, opens another list."""
    showing = public_showing(showing_id)
    choice = Choice.read(request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        return _show(request, showing, choice)
    if "look_area" in request.POST or "look_row" in request.POST:
        return _look(request, choice)
    if not isinstance(request.user, User):
        return redirect_to_login(choice.address(request.path))
    return _hold(request, showing, choice, request.user)


def _look(request: HttpRequest, choice: Choice) -> HttpResponse:
    wanted = choice.looking_at(
        area=request.POST.get("look_area", ""), row=request.POST.get("look_row", "")
    )
    return HttpResponseRedirect(f"{wanted.address(request.path)}#seats", status=303)


def _hold(request: HttpRequest, showing: Showing, choice: Choice, customer: User) -> HttpResponse:
    wish = _wish(showing, choice)
    if not wish:
        nothing = Refusal(
            400, _("Nothing is chosen yet."), _("Choose seats, or how many places you want.")
        )
        return _show(request, showing, choice, nothing)
    try:
        check_prices(showing, request.POST.get("prices", ""))
        order = services.place_order(
            customer=customer,
            showing=showing,
            idempotency_key=_key(request, choice),
            request_digest=choice.digest,
            **wish,
        )
    except DomainError as error:
        return _refuse(request, showing, choice, error)
    return HttpResponseRedirect(f"/orders/{order.code}/", status=303)


def _wish(showing: Showing, choice: Choice) -> dict[str, Any]:
    """What the service is asked for; Http404 for parts of another showing."""
    if choice.area and choice.quantity:
        standing = Area.objects.filter(showing=showing, is_general_admission=True)
        return {"area": get_object_or_404(standing, pk=choice.area), "quantity": choice.quantity}
    if len(chosen_seats(showing, choice.seats)) < len(choice.seats):
        raise Http404
    return {"seat_ids": choice.seats} if choice.seats else {}


def _key(request: HttpRequest, choice: Choice) -> str | None:
    """One order for one page and wish: a second click makes none, another choice makes another."""
    try:
        page_key = uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return None
    return f"page-{page_key}-{choice.digest[:16]}"


def _refuse(
    request: HttpRequest, showing: Showing, choice: Choice, error: DomainError
) -> HttpResponse:
    """The same page with the reason; what can still be had stays chosen."""
    taken: list[Seat] = []
    if isinstance(error, SeatsUnavailable):
        taken = chosen_seats(showing, tuple(error.extra["seats"]))
        left = set(choice.seats) - {seat.pk for seat in taken}
        choice = replace(choice, seats=tuple(pk for pk in choice.seats if pk in left))
    detail = str(error)
    if isinstance(error, NotEnoughSeats) and error.extra["available"]:
        left_over = _("{count} are left.").format(count=error.extra["available"])
        detail = f"{left_over} {detail}"
    return _show(request, showing, choice, Refusal(error.status, str(error.title), detail, taken))


def _show(
    request: HttpRequest, showing: Showing, choice: Choice, refusal: Refusal | None = None
) -> HttpResponse:
    [offer] = offers_of([showing], timezone.now())
    places = places_of(showing, choice)
    is_selling = offer.state in ("on_sale", "sold_out")
    context = {
        "showing": showing,
        "event": showing.event,
        "offer": offer,
        "is_selling": is_selling,
        "places": places,
        "choice": choice,
        "chosen_ids": {seat.pk for seat in places.chosen},
        "total": sum(seat.area.price for seat in places.chosen),
        "refusal": refusal,
        "prices": shown_prices([*places.numbered, *places.standing]),
        "key": uuid.uuid4(),
        "most": settings.ORDER_MAX_TICKETS,
        "minutes": settings.ORDER_TTL_SECONDS // 60,
        "plan": plan_data(showing, places, is_selling=is_selling),
        "standing": standing_data(showing),
        "login_next": choice.address(request.path),
    }
    status = refusal.status if refusal else 200
    return render(request, "pages/showing.html", context, status=status)
