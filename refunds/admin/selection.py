"""Which orders of an event an admin wants refunded, by their codes."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from orders.models import Order
from refunds.models import CAMPAIGN_REASONS, RefundReason
from ticketing.models import Event

NOT_TAKING_PLACE = Q(status=Event.Status.CANCELLED) | Q(fraud_status=Event.FraudStatus.CONFIRMED)
NAMED_AT_MOST = 20


class Selection(forms.Form):
    event = forms.ModelChoiceField(
        label=gettext_lazy("event"),
        queryset=Event.objects.filter(NOT_TAKING_PLACE).order_by("title"),
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
            given["order_ids"] = _found(given["event"], given["codes"])
        return given


def _found(event: Event, pasted: str) -> list[int]:
    codes = set(re.split(r"[\s,;]+", pasted.strip().upper()))
    orders = dict(Order.objects.filter(event=event, code__in=codes).values_list("code", "pk"))
    unknown = sorted(codes - set(orders))
    if unknown:
        named = ", ".join(unknown[:NAMED_AT_MOST])
        raise ValidationError(
            {"codes": _("The event has no such order: {codes}").format(codes=named)}
        )
    return sorted(orders.values())
