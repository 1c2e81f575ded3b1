"""Who may see and do what on the customers' pages. What belongs to somebody else does not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orders.models import Order, Ticket, TicketQuerySet
from ticketing.errors import DomainError
from ticketing.pages.throttling import limited


class SignedInRequest(HttpRequest):
    """A request whose session is somebody's; the decorators here see to it."""

    user: User


View: TypeAlias = Callable[..., HttpResponse]
Action: TypeAlias = Callable[[SignedInRequest, Order], HttpResponse]


def customer_page(view: View) -> View:
    """A page that only reads, for those who are signed in; no cache keeps it."""
    return never_cache(login_required(require_safe(limited(view))))


def customer_file(view: View) -> View:
    """The same for a file, which says itself how long a browser may keep it."""
    return login_required(require_safe(limited(view)))


def customer_action(action: Action) -> View:
    """Something a customer does to an own order; a refusal is told on the order's page.

    Whoever is signed out meanwhile comes back to that page, since an action can't be visited.
    """

    @wraps(action)
    def act(request: SignedInRequest, code: str) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(reverse("order", args=[code]))
        try:
            return action(request, own_order(request, code))
        except DomainError as refusal:
            messages.error(request, f"{refusal.title} {refusal}")
            return to_order(code)

    return never_cache(require_POST(limited(act)))


def own_order(request: SignedInRequest, code: str) -> Order:
    """The visitor's order of this code, with event and showing; Http404 for anybody else's."""
    orders = Order.objects.of_customer(request.user.pk).select_related("event", "showing")
    return get_object_or_404(orders, code=code)


def own_ticket(request: SignedInRequest, tickets: TicketQuerySet, **lookup: Any) -> Ticket:
    """The visitor's ticket among these; Http404 for anybody else's."""
    return get_object_or_404(tickets.filter(order__customer=request.user), **lookup)


def to_order(code: str) -> HttpResponse:
    return redirect("order", code=code)
