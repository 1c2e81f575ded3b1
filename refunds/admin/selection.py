"""Which orders of an event, or of a campaign, an admin wants refunded, by their codes."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from orders.models import Order
from refunds.models import CAMPAIGN_REASONS, CampaignOrder, RefundCampaign, RefundReason
from refunds.operations import campaigns
from ticketing.asking import ReasonForm
from ticketing.models import Event

NAMED_AT_MOST = 20


class Selection(forms.Form):
    event = forms.ModelChoiceField(
        label=gettext_lazy("event"),
        queryset=Event.objects.closed().order_by("title"),
        widget=UnfoldAdminSelectWidget(),
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("reason"),
        choices=[(each.value, each.label) for each in CAMPAIGN_REASONS],
        initial=RefundReason.FRAUD,
        widget=UnfoldAdminSelectWidget(),
    )
    codes = forms.CharField(
        label=gettext_lazy("order codes"),
        widget=UnfoldAdminTextareaWidget(),
        help_text=gettext_lazy("Paid orders of this event, separated by spaces or line breaks."),
    )

    @property
    def wish(self) -> dict[str, Any]:
        """What the use case is to be called with."""
        return {
            "event_id": self.cleaned_data["event"].pk,
            "reason": RefundReason(self.cleaned_data["reason"]),
            "order_ids": self.cleaned_data["order_ids"],
        }

    def clean(self) -> dict[str, Any]:
        """Find the orders; a code that the event does not have is named."""
        given = super().clean() or self.cleaned_data
        if "event" in given and "codes" in given:
            orders = Order.objects.filter(event=given["event"])
            unknown = _("The event has no such order: {codes}")
            given["order_ids"] = named(orders, given["codes"], unknown=unknown)
        return given


class Retry(ReasonForm):
    """Why listed orders are taken up once more, and which, if not all that nobody overrode."""

    codes = forms.CharField(
        label=gettext_lazy("order codes"),
        required=False,
        widget=UnfoldAdminTextareaWidget(),
        help_text=gettext_lazy(
            "Only these, also where an admin's override kept money. Empty: all others that are "
            "listed."
        ),
    )

    def __init__(self, data: Any, campaign: RefundCampaign) -> None:
        super().__init__(data)
        self.campaign = campaign

    def clean(self) -> dict[str, Any]:
        """Find the orders; a code that is not listed is named."""
        given = super().clean() or self.cleaned_data
        codes = given.pop("codes", "")
        listed = campaigns.listed(self.campaign)
        if not codes.strip():
            self._check_any_left(listed)
            return {**given, "order_ids": None}
        orders = Order.objects.filter(pk__in=listed.values("order"))
        unknown = _("The campaign does not list them: {codes}")
        return {**given, "order_ids": named(orders, codes, unknown=unknown)}

    def _check_any_left(self, listed: QuerySet[CampaignOrder]) -> None:
        """Raise ValidationError if nothing would happen: none is listed, or all are overridden."""
        if campaigns.left_to_retry(self.campaign).exists():
            return
        told = _("None of its orders is listed any more: there is nothing to retry.")
        if listed.exists():
            told = _("All of them stay as an admin's override has them: name those to be refunded.")
        raise ValidationError({"codes": told})


def named(orders: QuerySet[Order], pasted: str, *, unknown: str) -> list[int]:
    """The ids of those with these codes; raises ValidationError for codes that are not there."""
    codes = set(re.split(r"[\s,;]+", pasted.strip().upper()))
    found = dict(orders.filter(code__in=codes).values_list("code", "pk"))
    if missing := sorted(codes - set(found)):
        told = unknown.format(codes=", ".join(missing[:NAMED_AT_MOST]))
        raise ValidationError({"codes": told})
    return sorted(found.values())
