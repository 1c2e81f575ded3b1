"""The menu of the back office, in the order of the work. Readers see what is open to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ticketing.roles import CHECK_IN


class Entry(NamedTuple):
    """A list that is open to whoever may view its model (`app.model`)."""

    title: Any
    icon: str  # of Material Symbols
    model: str

    def is_open(self, request: HttpRequest) -> bool:
        page = admin.site._registry[apps.get_model(self.model)]
        return bool(page.has_view_permission(request))

    @property
    def address(self) -> str:
        return reverse(f"admin:{self.model.replace('.', '_')}_changelist")

    def is_shown(self, path: str) -> bool:
        """Whether the page at this path is one of its own."""
        return path.startswith(self.address)


class Page(NamedTuple):
    """Another page, by the name of its address: of the back office, or of the shop."""

    title: Any
    icon: str
    name: str
    is_open: Callable[[HttpRequest], bool] = lambda request: True

    @property
    def address(self) -> str:
        path = reverse(self.name)
        is_of_the_shop = not self.name.startswith("admin:")
        return settings.PUBLIC_URL + path if is_of_the_shop and settings.BACK_OFFICE_URL else path

    def is_shown(self, path: str) -> bool:
        return path == self.address


def _works_at_doors(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(CHECK_IN))


MENU: list[tuple[Any, list[Entry | Page]]] = [
    (None, [Page(_("Home"), "home", "admin:index")]),
    (_("Events"), [
        Entry(_("Events"), "event", "ticketing.event"),
        Entry(_("Showings"), "schedule", "ticketing.showing"),
        Entry(_("Organizers"), "storefront", "ticketing.organizer"),
        Page(_("Check-in at the door"), "qr_code_scanner", "doors", _works_at_doors),
    ]),
    (_("Sales"), [
        Entry(_("Orders"), "shopping_cart", "orders.order"),
        Entry(_("Tickets"), "confirmation_number", "orders.ticket"),
        Entry(_("Revenue"), "bar_chart", "orders.eventrevenue"),
    ]),
    (_("Refunds"), [
        Entry(_("Refunds"), "undo", "refunds.refund"),
        Entry(_("Campaigns"), "campaign", "refunds.refundcampaign"),
    ]),
    (_("Payments"), [
        Entry(_("Payments"), "payments", "payments.payment"),
        Entry(_("Payment cases"), "report", "payments.paymentcase"),
        Entry(_("Reversals"), "currency_exchange", "payments.reversal"),
        Entry(_("Messages of providers"), "forum", "payments.providermessage"),
        Entry(_("Reconciliations"), "balance", "payments.reconciliation"),
    ]),
    (_("Operations"), [
        Entry(_("Jobs"), "manufacturing", "jobs.job"),
        Entry(_("Log of who did what"), "history", "ticketing.logrow"),
        Entry(_("Log-ins, forms and files"), "policy", "admin.logentry"),
    ]),
    (_("People"), [
        Entry(_("Accounts"), "person", "auth.user"),
        Entry(_("Groups"), "group", "auth.group"),
        Entry(_("Email addresses"), "alternate_email", "account.emailaddress"),
        Entry(_("Second factors"), "phonelink_lock", "mfa.authenticator"),
    ]),
    (_("Elsewhere"), [Page(_("Customers' pages"), "open_in_new", "events")]),
]  # fmt: skip


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """What Unfold's side bar shows to this reader; groups of which nothing is open are left out."""
    groups = [
        (title, [_item(entry, request) for entry in entries if entry.is_open(request)])
        for title, entries in MENU
    ]
    return [{"title": title, "items": items} for title, items in groups if items]


def _item(entry: Entry | Page, request: HttpRequest) -> dict[str, Any]:
    return {
        "title": entry.title,
        "icon": entry.icon,
        "link": entry.address,
        "active": entry.is_shown(request.path),
    }
