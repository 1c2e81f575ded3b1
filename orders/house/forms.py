"""Which places somebody means: chosen on the plan, a run of a row, or a number of a field's places.

Each form answers in `wish` what its use case is called with, besides who asks.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from orders.house.seat_ids import read_ids
from ticketing.models import Area, Row, Seat, Showing


class ReasonedForm(forms.Form):
    """Whatever is changed is changed for a reason, which the log keeps."""

    reason = forms.CharField(
        label=gettext_lazy("reason"),
        min_length=5,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
    )

    ids = "id-%s"  # several of these forms stand on one page

    def __init__(self, showing: Showing, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": self.ids, **kwargs})
        self.showing = showing

    @property
    def wish(self) -> dict[str, Any]:
        """Seats, where a form says nothing else."""
        seats, reason = self.cleaned_data["seat_ids"], self.cleaned_data["reason"]
        return {"showing_id": self.showing.pk, "seat_ids": seats, "reason": reason}


class ChosenSeats(ReasonedForm):
    """Seats that were chosen on the plan, as runs of ids, or ticked in the list."""

    ids = "chosen-%s"

    chosen = forms.CharField(required=False, widget=forms.HiddenInput())

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        ticked: list[str] = cast("QueryDict", self.data).getlist("seats")
        given["seat_ids"] = self._own(",".join([given.get("chosen", ""), *ticked]))
        return given

    def _own(self, shorthand: str) -> list[int]:
        """All of these seats, if all are numbered seats of this showing."""
        try:
            wanted = read_ids(shorthand)
        except ValueError:
            wanted = set()
        seats = Seat.objects.filter(showing=self.showing, area__is_general_admission=False)
        own = list(seats.filter(pk__in=wanted).values_list("pk", flat=True))
        # One that is missing refuses all: half of what was chosen is not what somebody wanted.
        if not own or len(own) < len(wanted):
            raise ValidationError(_("Choose seats of this showing first."))
        return own


class PartOfRow(ReasonedForm):
    """The seats of a row from one number to another as they stand there, or all of them."""

    ids = "row-%s"

    area = forms.ModelChoiceField(
        label=gettext_lazy("area"), queryset=Area.objects.none(), widget=UnfoldAdminSelectWidget()
    )
    row = forms.CharField(
        label=gettext_lazy("row"), max_length=20, widget=UnfoldAdminTextInputWidget()
    )
    first = forms.CharField(
        label=gettext_lazy("from seat"),
        required=False,
        max_length=20,
        widget=UnfoldAdminTextInputWidget(),
    )
    last = forms.CharField(
        label=gettext_lazy("to seat"),
        required=False,
        max_length=20,
        widget=UnfoldAdminTextInputWidget(),
    )
    field_order = ["area", "row", "first", "last", "reason"]

    def __init__(self, showing: Showing, *args: Any, **kwargs: Any) -> None:
        super().__init__(showing, *args, **kwargs)
        numbered = showing.areas.filter(is_general_admission=False).order_by("pk")
        areas: Any = self.fields["area"]
        areas.queryset = numbered

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "area" in given and "row" in given:
            row = Row.objects.filter(area=given["area"], label=given["row"]).first()
            if row is None:
                raise ValidationError({"row": _("This area has no such row.")})
            given["seat_ids"] = self._between(row, given.get("first", ""), given.get("last", ""))
        return given

    def _between(self, row: Row, first: str, last: str) -> list[int]:
        seats = list(row.seats.order_by("pk").values_list("number", "pk"))
        if not seats:
            raise ValidationError({"row": _("This row has no seats.")})
        numbers = [number for number, _pk in seats]
        ends = {"first": (first, 0), "last": (last, len(seats) - 1)}
        unknown = [name for name, (number, _end) in ends.items() if number not in ["", *numbers]]
        if unknown:
            raise ValidationError({name: _("This row has no such seat.") for name in unknown})
        # Sorted, so that whoever names the last seat first means the same run.
        start, end = sorted(
            numbers.index(number) if number else end for number, end in ends.values()
        )
        return [pk for _number, pk in seats[start : end + 1]]


class Places(ReasonedForm):
    """So many places of a standing field."""

    area = forms.ModelChoiceField(queryset=Area.objects.none(), widget=forms.HiddenInput())
    quantity = forms.IntegerField(
        label=gettext_lazy("places"),
        min_value=1,
        max_value=200_000,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    field_order = ["area", "quantity", "reason"]

    def __init__(self, showing: Showing, *args: Any, **kwargs: Any) -> None:
        super().__init__(showing, *args, **kwargs)
        areas: Any = self.fields["area"]
        areas.queryset = showing.areas.filter(is_general_admission=True)

    @property
    def wish(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "area_id": given["area"].pk,
            "quantity": given["quantity"],
            "reason": given["reason"],
        }
