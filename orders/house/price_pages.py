"""Changing prices: first what is wanted, then shown with what it comes to, then done."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from orders.house.figures import Counted, counted_areas
from orders.house.forms import ReasonedForm
from ticketing import services
from ticketing.asking import seen_amount
from ticketing.back_office import OwnEvents, reader
from ticketing.errors import DomainError, InvalidPrice
from ticketing.event_changes import why_unchangeable
from ticketing.models import Event, Showing
from ticketing.prices import read_price
from ticketing.roles import CHANGE_PLACES, may
from ticketing.workbench.page import page


@dataclass(frozen=True)
class PriceStep:
    """An area that is to cost something else."""

    counted: Counted
    old: Decimal
    new: Decimal


class Prices(ReasonedForm):
    """A price for each area, beside the one that it had when the page was opened.

    An area that was made since then keeps its price: nobody was asked for another.
    """

    def __init__(self, showing: Showing, *args: Any, **options: Any) -> None:
        super().__init__(showing, *args, **options)
        areas = counted_areas(showing)
        self.areas = [
            each for each in areas if not self.is_bound or f"seen-{each.place.pk}" in self.data
        ]
        self.steps: list[PriceStep] = []
        for counted in self.areas:
            area: Any = counted.place
            typed, seen = f"price-{area.pk}", f"seen-{area.pk}"
            self.fields[typed] = forms.CharField(
                label=area.name,
                max_length=20,
                initial=_plain(area.price),
                widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
            )
            self.fields[seen] = seen_amount(initial=_plain(area.price))

    @property
    def rows(self) -> list[tuple[Counted, forms.BoundField, forms.BoundField]]:
        """Each area with its two fields."""
        pks = [(each, each.place.pk) for each in self.areas]
        return [(each, self[f"price-{pk}"], self[f"seen-{pk}"]) for each, pk in pks]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for counted in self.areas:
            pk = counted.place.pk
            if f"price-{pk}" in given and f"seen-{pk}" in given:
                self._read(counted, given[f"price-{pk}"], given[f"seen-{pk}"])
        if not self.steps and not self.errors:
            raise ValidationError(_("No price is another than before."))
        return given

    def _read(self, counted: Counted, typed: str, seen: Decimal) -> None:
        if typed == _plain(seen):
            # Not read: whatever an imported plan says may stay.
            return
        try:
            new = read_price(typed)
        except InvalidPrice as refusal:
            self.add_error(f"price-{counted.place.pk}", str(refusal))
            return
        if new != seen:
            self.steps.append(PriceStep(counted, seen, new))

    @property
    def wish(self) -> dict[str, Any]:
        prices = [
            services.NewPrice(step.counted.place.pk, step.old, step.new) for step in self.steps
        ]
        return {
            "showing_id": self.showing.pk,
            "prices": prices,
            "reason": self.cleaned_data["reason"],
        }


def _changes_prices(user: User, event: Event) -> bool:
    return may(user, CHANGE_PLACES, event)


class PricePages(OwnEvents):
    """The pages that change prices, for the page of a showing."""

    @page(gettext_lazy("Change prices"), "change-prices", is_offered=_changes_prices)
    def change_prices(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the prices; then show how many places get which; then change them."""
        showing, user = self.visible(request, object_id), reader(request)
        if not _changes_prices(user, showing.event):
            raise PermissionDenied
        sent = [request.POST] if request.method == "POST" else []
        form = Prices(showing, *sent)
        is_ready = form.is_valid() and "again" not in request.POST
        if is_ready and "confirmed" in request.POST:
            if self._are_set(request, form):
                return redirect("admin:ticketing_showing_seat_plan", object_id=showing.pk)
            # anew, with the prices as they are by now
            reason = form.cleaned_data["reason"]
            form, is_ready = Prices(showing, initial={"reason": reason}), False
        return self.show(
            request,
            f"orders/house/{'confirm_prices' if is_ready else 'prices'}.html",
            title=_("Prices: {showing}").format(showing=showing),
            showing=showing,
            form=form,
            why_not=why_unchangeable(showing, timezone.now()),
        )

    def _are_set(self, request: HttpRequest, form: Prices) -> bool:
        try:
            services.change_prices(**form.wish, by=reader(request))
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return False
        messages.success(request, _("Every order from now on is at the new prices."))
        return True


def _plain(price: Decimal) -> str:
    return f"{price:.2f}".removesuffix(".00")
