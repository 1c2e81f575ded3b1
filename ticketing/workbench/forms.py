"""What the pages of the workbench ask."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from ticketing.errors import InvalidPrice, InvalidSeatPlan
from ticketing.models import Area, Event, Organizer, Showing
from ticketing.prices import check_price
from ticketing.row_labels import spell_out
from ticketing.seat_plan import MOST_SEATS
from ticketing.seating import Places, Rows, free_area_name
from ticketing.slugs import free_slug
from ticketing.workbench.seen import SeenForm
from ticketing.workbench.wall_times import WallTimeField, at_zone, on_the_wall


class OrganizerForm(SeenForm):
    """Who an organizer is, and who decides and reads for it."""

    class Meta:
        model = Organizer
        fields = ["name", "slug", "members"]
        help_texts = {"members": _("Accounts are found by their whole email address.")}


class EventForm(SeenForm):
    """The words about an event. An address that is left empty is made of the title."""

    class Meta:
        model = Event
        fields = ["organizer", "title", "description", "venue", "auto_approve_refund", "slug"]
        labels = {
            "organizer": _("Organizer"),
            "title": _("Title"),
            "description": _("Description"),
            "venue": _("Venue"),
            "auto_approve_refund": _("Refunds approve themselves"),
            "slug": _("Address"),
        }
        help_texts = {
            "organizer": _("Who runs it and gets the money."),
            "title": _("As it stands on tickets and mails."),
            "description": _("What it is about, for those who don't know it yet."),
            "venue": _("House, street, city: it is on the tickets."),
            "auto_approve_refund": _(
                "Customers who give tickets back in time get their money at once. Without it "
                "you decide about each of them."
            ),
            "slug": _("The last part of its address on the web. Left empty: made of the title."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("title") and given.get("slug") == "":
            given["slug"] = self.instance.slug or free_slug(given["title"])
        return given


class AreaForm(forms.ModelForm):  # type: ignore[type-arg]  # it takes none when run
    """A new area. What one costs later is changed with a reason, on the page of the prices."""

    class Meta:
        model = Area
        fields = ["name", "price", "is_general_admission"]
        labels = {
            "name": _("Name of the area"),
            "price": _("Price in VND"),
            "is_general_admission": _("Places without numbers"),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("price", "is_general_admission"):
            self.fields[name].disabled = self.instance.pk is not None

    def clean_name(self) -> str:
        """As a part of the showing's page it is told by nobody else that its name is taken."""
        area = self.instance
        try:
            return free_area_name(area.showing_id, self.cleaned_data["name"], besides=area.pk)
        except InvalidSeatPlan as refusal:
            raise ValidationError(str(refusal)) from None

    def clean_price(self) -> Decimal:
        """What one costs already stays, whatever an imported plan has made it."""
        price: Decimal = self.cleaned_data["price"]
        if self.instance.pk is None:
            try:
                check_price(price)
            except InvalidPrice as refusal:
                raise ValidationError(str(refusal)) from None
        return price


class RowsForm(forms.Form):
    """Rows of numbered seats."""

    rows = forms.CharField(
        label=_("Rows, front to back"),
        max_length=500,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "A-F, H, J"}),
        help_text=_("A-F is A, B, C, D, E, F; 1-20 is twenty rows; commas between."),
    )
    seats_per_row = forms.IntegerField(
        label=_("Seats in each row"),
        min_value=1,
        max_value=MOST_SEATS,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=_("Numbered from 1. Rows of different lengths: send a plan."),
    )

    def clean_rows(self) -> list[str]:
        try:
            return spell_out(self.cleaned_data["rows"])
        except ValueError as trouble:
            raise ValidationError(str(trouble)) from trouble

    @property
    def seating(self) -> Rows:
        return Rows(self.cleaned_data["rows"], self.cleaned_data["seats_per_row"])


class PlacesForm(forms.Form):
    """Places without numbers."""

    capacity = forms.IntegerField(
        label=_("Places"),
        min_value=1,
        max_value=MOST_SEATS,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=_("How many people there is room for."),
    )

    @property
    def seating(self) -> Places:
        return Places(self.cleaned_data["capacity"])


class _NewArea(forms.Form):
    name = forms.CharField(
        label=_("Name of the area"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Stalls, Circle, Stand A … as on the tickets."),
    )
    price = forms.DecimalField(
        label=_("Price in VND"),
        min_value=0,
        max_digits=14,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget(),
        help_text=_("Of each of its places. 0: free of charge."),
    )


class NewRows(RowsForm, _NewArea):
    """A new area of numbered seats."""

    field_order = ["name", "price", "rows", "seats_per_row"]


class NewPlaces(PlacesForm, _NewArea):
    """A new standing field."""

    field_order = ["name", "price", "capacity"]


class PlanForm(forms.Form):
    """A file with seats."""

    plan = forms.FileField(
        label=_("File"),
        max_length=200,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv,text/plain"}),
        help_text=_("A table saved as “CSV UTF-8”, at most 10 MB and 200,000 seats."),
    )


class CopyForm(forms.Form):
    """What is different about the copy of an event."""

    title = forms.CharField(label=_("Title"), max_length=200, widget=UnfoldAdminTextInputWidget())
    starts_at = WallTimeField(label=_("Its first showing begins"))

    def __init__(self, data: Any, *, event: Event, first: Showing | None) -> None:
        super().__init__(data, initial={"title": event.title})
        self.first = first
        if first is None:
            del self.fields["starts_at"]
            return
        self.initial["starts_at"] = on_the_wall(first.starts_at, first.zone)
        self.fields["starts_at"].help_text = _(
            "Time zone: {zone}. All other times move by as many days and hours."
        ).format(zone=first.time_zone)

    def clean_starts_at(self) -> datetime:
        assert self.first is not None
        return at_zone(self.cleaned_data["starts_at"], self.first.time_zone)

    @property
    def wish(self) -> dict[str, Any]:
        """The arguments of the use case."""
        return {"starts_at": None, **self.cleaned_data}
