"""What is shown below a refund or a campaign; whoever sees the row sees these."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm_log.models import StateLog
from unfold.admin import TabularInline

from jobs.back_office import OnlyShown
from orders.models import Ticket
from refunds.models import Refund, RefundOverride, RefundReason, RefundTicket
from ticketing.admin import HistoryInline
from ticketing.event_changes import put_off
from ticketing.step_words import name_of


class PartOfRefund(OnlyShown, TabularInline):
    """Rows that belong to a refund and that only services write."""

    extra = 0
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class TicketsOfRefund(PartOfRefund):
    """The places that it takes back. Not the codes: whoever reads one gets in with it."""

    model = RefundTicket
    verbose_name_plural = gettext_lazy("tickets")
    fields = readonly_fields = ("place", "price", "ticket_status", "is_live")
    ordering = ["ticket_id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RefundTicket]:
        rows: QuerySet[RefundTicket] = super().get_queryset(request)
        return rows.select_related("ticket__order")

    @admin.display(description=gettext_lazy("place"))
    def place(self, row: RefundTicket) -> str:
        return str(row.ticket)

    @admin.display(description=gettext_lazy("price"))
    def price(self, row: RefundTicket) -> str:
        return row.ticket.order.price_tag(row.ticket.price)

    @admin.display(description=gettext_lazy("status"))
    def ticket_status(self, row: RefundTicket) -> str:
        return row.ticket.get_status_display()


class OverridesOfRefund(PartOfRefund):
    """Which percentages an admin put in the place of the policy's."""

    model = RefundOverride
    verbose_name_plural = gettext_lazy("overrides")
    fields = readonly_fields = ("at", "before", "after", "who", "note")
    ordering = ["pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RefundOverride]:
        rows: QuerySet[RefundOverride] = super().get_queryset(request)
        return rows.select_related("actor", "refund__order")

    @admin.display(description=gettext_lazy("who"))
    def who(self, row: RefundOverride) -> str:
        return name_of(row.actor)

    @admin.display(description=gettext_lazy("before"))
    def before(self, row: RefundOverride) -> str:
        return f"{row.old_percentage} %: {row.refund.order.price_tag(row.old_amount)}"

    @admin.display(description=gettext_lazy("after"))
    def after(self, row: RefundOverride) -> str:
        return f"{row.new_percentage} %: {row.refund.order.price_tag(row.new_amount)}"


def before_approval(refund: Refund) -> str:
    """What whoever approves it should know: of a postponed event anything is paid that was bought.

    Used tickets are, those of nights that took place before the others were put off, and what an
    admin kept back when the customer asked before.
    """
    used = _went_in(refund)
    went_in = _("Somebody went in with {count} of its tickets.").format(count=used) if used else ""
    order = refund.order
    is_over = refund.reason == RefundReason.POSTPONED and not (
        put_off(order.event).filter(pk=order.showing_id).exists()
    )
    over = _("Its showing was over before the event was postponed.") if is_over else ""
    return " ".join(filter(None, [went_in, over, _overridden_before(refund)]))


def _went_in(refund: Refund) -> int:
    """With how many of its tickets somebody did, also where they are good again for a new date."""
    of_tickets = ContentType.objects.get_for_model(Ticket)
    logged = StateLog.objects.filter(content_type=of_tickets, transition="use")
    its_own = refund.tickets.values("ticket")
    return logged.filter(object_id__in=its_own).values("object_id").distinct().count()


def _overridden_before(refund: Refund) -> str:
    """What an admin decided last about another refund of the order."""
    others = RefundOverride.objects.filter(refund__order=refund.order).exclude(refund=refund)
    last = others.order_by("-pk").first()
    if last is None:
        return ""
    told = _("Another refund of the order, {number}, was overridden to {percentage} %: {note}")
    return told.format(number=last.refund_id, percentage=last.new_percentage, note=last.note)


class History(HistoryInline):
    """Who moved a refund or a campaign, from where to where, when and why; newest first."""

    fields = readonly_fields = ("timestamp", "moved_from", "moved_to", "who", "why")
