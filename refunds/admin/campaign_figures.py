"""A campaign in figures, for its page: what it would do, how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Order
from refunds import services
from refunds.models import CampaignOrderStatus, CampaignStatus, RefundCampaign
from refunds.operations import campaigns
from refunds.services.campaigns import Preview
from ticketing.amounts import price_tag

MONEY = {
    "sold": gettext_lazy("Paid by the customers"),
    "refunded": gettext_lazy("Gone back"),
    "reserved": gettext_lazy("Approved to go back"),
    "left": gettext_lazy("Not approved yet"),
}
OBSTACLES = {
    "used": gettext_lazy("Somebody went in; refunded all the same"),
    "waiting_requests": gettext_lazy("A request waits; the campaign takes its place"),
    "on_their_way": gettext_lazy("A refund is approved or on its way; the rest follows"),
    "failed_refunds": gettext_lazy("The provider refused a refund; a person has to settle it"),
    "partly_refunded": gettext_lazy("Some went back before; the rest follows"),
    "overridden": gettext_lazy("An admin's override kept money; a person has to decide"),
    "without_payment": gettext_lazy("No payment can give it back; a person has to"),
    "second_payments": gettext_lazy("A late or second payment is open; it goes back by itself"),
}


def preview_of(campaign: RefundCampaign) -> Preview:
    """The dry run of a draft, or of what was paid since one was completed."""
    order_ids = None
    if campaign.is_selection:
        order_ids = list(campaign.orders.values_list("order_id", flat=True))
    elif campaign.status == CampaignStatus.COMPLETED:
        order_ids = list(campaigns.paid_since(campaign).values_list("pk", flat=True))
    return services.preview_campaign(
        event=campaign.event, showing=campaign.showing, order_ids=order_ids
    )


def dry_run(campaign: RefundCampaign) -> str:
    """What would happen if it were started now."""
    preview = preview_of(campaign)
    context = {
        "orders": preview.totals["orders"],
        "money": _money(preview.totals),
        "pending": preview.pending,
        "obstacles": [
            (label, preview.obstacles[name])
            for name, label in OBSTACLES.items()
            if preview.obstacles.get(name)
        ],
    }
    return render_to_string("refunds/campaign_dry_run.html", context)


def progress(campaign: RefundCampaign) -> str:
    """Orders and money as they are now, each number with a link to its orders."""
    counts = campaigns.counts(campaign)
    context = {
        "line": line(counts),
        "over": counts[CampaignOrderStatus.DONE] + counts[CampaignOrderStatus.LISTED],
        "all": sum(counts.values()),
        "states": [
            (each.label, counts[each], _entries(campaign, each)) for each in CampaignOrderStatus
        ],
        "money": _money(campaigns.totals(Order.objects.filter(campaigns__campaign=campaign))),
    }
    return render_to_string("refunds/campaign_progress.html", context)


def final(campaign: RefundCampaign) -> str:
    """The figures as they stood when it was last completed."""
    kept = campaign.totals
    counts = {each: int(kept.get(each, 0)) for each in CampaignOrderStatus.values}
    context = {"line": line(counts), "money": _money(kept)}
    return render_to_string("refunds/campaign_final.html", context)


def line(counts: Mapping[str, int]) -> str:
    """How far it is, in one sentence."""
    return _("{done} of {all} refunded, {listed} for a person to look at").format(
        done=counts[CampaignOrderStatus.DONE],
        listed=counts[CampaignOrderStatus.LISTED],
        all=sum(counts.values()),
    )


def tagged(digits: Any) -> str:
    """An amount of a whole event as people read it."""
    return price_tag(Decimal(digits))


def _money(totals: Mapping[str, Any]) -> list[tuple[Any, str]]:
    return [(label, tagged(totals[name])) for name, label in MONEY.items()]


def _entries(campaign: RefundCampaign, status: str) -> str:
    """The address of its orders in one state: they may be too many for its page."""
    rows = reverse("admin:refunds_campaignorder_changelist")
    return f"{rows}?campaign__id__exact={campaign.pk}&status__exact={status}"
