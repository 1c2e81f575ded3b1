"""Who is what, and who may do what. Every question about it is asked here.

The role table is code, and `ticketing.role_backend` answers Django's questions from it: whoever is
made a member or put into the support group has the rights at once, in every database, and what is
deployed is what was tested.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db.models import Q

from ticketing.errors import NotAllowed

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from ticketing.models import Event

SUPPORT_GROUP = "support"


class Role(StrEnum):
    """What somebody is in the back office. Everybody has one role or none, the first that fits."""

    # Superusers: they see and decide everything.
    ADMIN = "admin"
    # Staff in the group: they see every organizer's sales and decide nothing.
    SUPPORT = "support"
    # Staff who belong to organizers: these organizers' rows, and no others.
    MEMBER = "member"


SEE_EVERY_ORGANIZER = (Role.ADMIN, Role.SUPPORT)


def _may(verb: str, models: Iterable[str]) -> frozenset[str]:
    """The names of Django's permissions: `orders.view_order` for `orders.order`."""
    return frozenset(f"{app}.{verb}_{model}" for app, model in (name.split(".") for name in models))


OFFERED = [f"ticketing.{name}" for name in ("organizer", "event", "showing", "area", "row", "seat")]
SOLD = [
    "orders.order", "orders.seathold", "orders.ticket",
    "payments.payment", "payments.paymentcase", "payments.reversal",
    "refunds.refund", "refunds.refundticket", "refunds.refundoverride",
]  # fmt: skip
OWN = ["ticketing.event", "ticketing.showing", "ticketing.area"]  # what organizers make themselves

ABOUT_FRAUD = ("investigate", "confirm_fraud", "clear", "lift_revenue_freeze")  # admins read it

CHANGE_PLACES = "ticketing.change_showing"
EXPORT_LISTS = "ticketing.export_lists"
RESEND_TICKETS = "orders.resend_tickets"
CANCEL_ORDER = "orders.cancel_order"
CHECK_IN = "orders.check_in"
REPORT_CASE = "payments.report_case"
DECIDE_REFUND = "refunds.decide_refund"

# The role table. Admins may do everything. Members have their rights on rows of their own
# organizers only, which `ticketing.back_office` sees to. Support moves no money, decides nothing.
PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.SUPPORT: _may("view", [*OFFERED, *SOLD, "jobs.job"]) | {RESEND_TICKETS, REPORT_CASE},
    Role.MEMBER: _may("view", [*OFFERED, *SOLD, "orders.eventrevenue"])
    | _may("add", OWN)
    | _may("change", OWN)
    | {EXPORT_LISTS, RESEND_TICKETS, CANCEL_ORDER, CHECK_IN, DECIDE_REFUND},
}


def role_of(user: User | AnonymousUser) -> Role | None:
    """The role in the back office; None for customers and whoever is not signed in."""
    if is_admin(user):
        return Role.ADMIN
    if not (user.is_active and user.is_staff):
        return None
    if user.groups.filter(name=SUPPORT_GROUP).exists():
        return Role.SUPPORT
    return Role.MEMBER if user.organizers.exists() else None


def remembered_role(user: User | AnonymousUser) -> Role | None:
    """`role_of`, looked up once for each user object, as Django does it with permissions."""
    remembers: Any = user
    if not hasattr(user, "_role"):
        remembers._role = role_of(user)
    role: Role | None = remembers._role
    return role


def is_admin(user: User | AnonymousUser) -> bool:
    """Whether this is a platform admin, who decides about every organizer's events."""
    return bool(user.is_active and user.is_superuser)


def is_organizer_of(user: User | AnonymousUser, event: Event) -> bool:
    """Whether this is a member of the organizer that runs the event, and not of our support.

    Support decides nothing, so whoever changed sides gives up the old rights with the new role.
    """
    if not user.is_active or role_of(user) is Role.SUPPORT:
        return False
    return event.organizer.members.filter(pk=user.pk).exists()


def runs_it(user: User | AnonymousUser, event: Event) -> bool:
    """Whether this is one of those who run the event: a member of its organizer, or an admin."""
    return is_admin(user) or is_organizer_of(user, event)


def members_deciding(organizer: Any, requester: Any) -> QuerySet[User]:
    """The organizer's members who decide about what this person asked for: nobody does alone.

    An admin among them decides as an admin. Each is an id, or an OuterRef to one.
    """
    members = User.objects.filter(is_active=True, is_staff=True, organizers=organizer)
    return members.exclude(Q(is_superuser=True) | Q(groups__name=SUPPORT_GROUP) | Q(pk=requester))


def sees_every_organizer(user: User | AnonymousUser) -> bool:
    """Whether rows of all organizers are shown, as far as the role sees such rows at all."""
    return role_of(user) in SEE_EVERY_ORGANIZER


def may(user: User, permission: str, event: Event) -> bool:
    """Whether the role has this permission and the event is one that it sees."""
    is_seen = sees_every_organizer(user) or is_organizer_of(user, event)
    return is_seen and user.has_perm(permission)


def require(user: User, permission: str, event: Event, advice: str) -> None:
    """Raise NotAllowed with this advice unless `may` says yes."""
    if not may(user, permission, event):
        raise NotAllowed(advice)


def require_admin(user: User, advice: str) -> None:
    """Raise NotAllowed with this advice unless it is a platform admin."""
    if not is_admin(user):
        raise NotAllowed(advice)
