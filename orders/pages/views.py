"""My orders, one order, its cancellation and its files."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse, HttpResponseForbidden, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders import downloads, services
from orders.calendar_file import calendar_of
from orders.models import Order, SeatHold, Ticket
from orders.pages import wording
from orders.pages.access import (
    SignedInRequest,
    customer_action,
    customer_file,
    customer_page,
    own_order,
    own_ticket,
    to_order,
)
from orders.pages.parts import Part, Slot, parts_of, told_in_list
from orders.places import held_place, priced, ticketed_place

ON_A_PAGE = 20


@customer_page
def order_list(request: SignedInRequest) -> HttpResponse:
    own = Order.objects.of_customer(request.user.pk).select_related("event", "showing")
    kept = Exists(Ticket.objects.kept().filter(order=OuterRef("pk")))
    # Of the orders on the page alone: by a join, the holds of all would be counted for each page.
    holds = SeatHold.objects.filter(order=OuterRef("pk")).order_by().values("order")
    counted = Subquery(holds.values(count=Count("*")))
    shown = own.annotate(places=Coalesce(counted, 0), keeps_tickets=kept)
    newest_first = shown.order_by("-created_at", "-pk")
    page = Paginator(newest_first, ON_A_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    told = told_in_list([order for order in page if wording.phase(order, now) == "paying"])
    listed = [_listed(order, now, told) for order in page]
    return render(request, "orders/pages/list.html", {"page": page, "listed": listed})


def _listed(order: Order, now: datetime, told: dict[int, str]) -> dict[str, Any]:
    next_step = wording.next_step(order, now, keeps_tickets=cast("Any", order).keeps_tickets)
    return {
        "order": order,
        "phase": wording.phase(order, now),
        "total": order.price_tag(order.total_amount),
        "next_step": told.get(order.pk, next_step),
    }


@csp_update({"form-action": [settings.VNPAY_ORIGIN]})  # to pay, its form is redirected there
@customer_page
def order_page(request: SignedInRequest, code: str) -> HttpResponse:
    own = Order.objects.of_customer(request.user.pk).with_holds().select_related("showing")
    order = get_object_or_404(own, code=code)
    return render(request, "orders/pages/order.html", _shown(order, timezone.now()))


def _shown(order: Order, now: datetime) -> dict[str, Any]:
    showing, phase = order.showing, wording.phase(order, now)
    parts = parts_of(order, now)
    awaited = _awaited(parts)
    holds = cast("Any", order).shown_holds
    return {
        "order": order,
        "phase": phase,
        "state": wording.state(order, now, *awaited),
        "is_watched": phase in ("paying", "settling") or bool(awaited),
        "deadline": wording.told(order.expires_at, showing),
        "seconds_left": _seconds_left(order, now),
        "total": order.price_tag(order.total_amount),
        "places": priced(order, [held_place(hold) for hold in holds]),
        "tickets": _tickets(order) if phase == "had" else [],
        "keeps_tickets": order.tickets.kept().exists() if phase == "had" else False,
        "of_event": wording.of_event(order) if phase == "had" else "",
        "why_ended": wording.why_ended(order) if phase == "ended" else "",
        "can_choose_again": phase == "ended" and showing.is_on_sale(now),
        "parts": parts,
    }


def _awaited(parts: dict[Slot, Part | None]) -> list[str]:
    return [part.awaits for part in parts.values() if part and part.awaits]


def _seconds_left(order: Order, now: datetime) -> int:
    return max(0, int((order.expires_at - now).total_seconds()))


def _tickets(order: Order) -> list[dict[str, Any]]:
    tickets = order.tickets.with_places().order_by("seat_id")
    return [
        {
            "ticket": ticket,
            "place": ticketed_place(ticket),
            "lets_in": ticket.lets_in,
            "used_at": wording.told(ticket.used_at, order.showing) if ticket.used_at else "",
        }
        for ticket in tickets
    ]


@never_cache
@require_safe
def order_state(request: SignedInRequest, code: str) -> HttpResponse:
    """What the page asks while it is open, to know when to load itself again."""
    # A script asks: the log-in page, to which others are sent, would tell it nothing.
    if not request.user.is_authenticated:
        return HttpResponseForbidden()
    order, now = own_order(request, code), timezone.now()
    state = wording.state(order, now, *_awaited(parts_of(order, now)))
    return JsonResponse({"state": state, "seconds_left": _seconds_left(order, now)})


@customer_action
def order_cancel(request: SignedInRequest, order: Order) -> HttpResponse:
    services.cancel_order(order_id=order.pk, by=request.user)
    messages.success(request, _("The order is cancelled, and its seats are free for others."))
    return to_order(order.code)


@customer_file
def order_calendar(request: SignedInRequest, code: str) -> HttpResponse:
    order = _with_tickets(request, code)
    return HttpResponse(
        calendar_of(order, at=timezone.now()),
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{order.event.slug}.ics"',
            "Cache-Control": "private, no-cache",  # the event may be put off
        },
    )


@customer_file
def order_pdf(request: SignedInRequest, code: str) -> HttpResponse:
    return downloads.order_pdf(_with_tickets(request, code))


def _with_tickets(request: SignedInRequest, code: str) -> Order:
    order = own_order(request, code)
    if not order.is_settled_as_paid:
        raise Http404
    return order


@customer_file
def ticket_pdf(request: SignedInRequest, code: str) -> HttpResponse:
    return downloads.ticket_pdf(own_ticket(request, Ticket.objects.with_places(), code=code))


@customer_file
def ticket_qr(request: SignedInRequest, code: str) -> HttpResponse:
    return downloads.qr_code(own_ticket(request, Ticket.objects.select_related("event"), code=code))
