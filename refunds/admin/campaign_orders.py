"""The orders of a campaign, to look through: they may be too many for its page."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.back_office import link
from refunds.models import CampaignOrder
from ticketing.back_office import PlatformOnly


@admin.register(CampaignOrder)
class CampaignOrderAdmin(PlatformOnly):
    list_display = ["order", "campaign", "status", "refunded", "its_refund", "note"]
    list_filter = ["status"]
    list_select_related = ["order", "campaign__event", "refund"]
    search_fields = ["order__code__exact"]
    ordering = ["pk"]

    @admin.display(description=gettext_lazy("gone back"))
    def refunded(self, entry: CampaignOrder) -> str:
        order = entry.order
        return f"{order.price_tag(order.refunded_amount)} / {order.price_tag(order.total_amount)}"

    @admin.display(description=gettext_lazy("refund"))
    def its_refund(self, entry: CampaignOrder) -> str:
        """A link to all refunds of the order: an earlier one may be what it waits for."""
        page = reverse("admin:refunds_refund_changelist")
        shown = entry.refund.get_status_display() if entry.refund else _("show")
        return link(f"{page}?q={entry.order.code}", shown)
