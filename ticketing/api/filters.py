from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField

from ticketing.models import Event, EventQuerySet, EventStatus, Showing


class NothingIgnored(forms.Form):
    """A filter that is given and empty would find everything: only texts may be empty."""

    def clean(self) -> dict[str, Any]:
        for name, field in self.fields.items():
            if self.data.get(name) == "" and not isinstance(field, forms.CharField):
                self.add_error(name, gettext("Give a value, or leave the filter out."))
        return self.cleaned_data


class MomentField(IsoDateTimeField):
    """A moment in UTC: PostgreSQL does not take every offset that Python does."""

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:  # before the year 1 or after 9999, once the offset is applied
            raise forms.ValidationError(gettext("Enter a valid date/time.")) from None


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField


class EventFilter(filters.FilterSet):
    search = filters.CharFilter("title", "icontains", label=_("Part of the title"))
    organizer = filters.CharFilter("organizer__slug", label=_("The organizer's slug"))
    status = filters.ChoiceFilter(
        choices=[choice for choice in EventStatus.choices if choice[0] != EventStatus.DRAFT]
    )
    starts_after = MomentFilter(method="in_window", label=_("With a showing from then on"))
    starts_before = MomentFilter(method="in_window", label=_("With a showing before then"))

    class Meta:
        model = Event
        form = NothingIgnored
        fields = ["search", "organizer", "status", "starts_after", "starts_before"]

    def in_window(self, events: EventQuerySet, name: str, moment: datetime) -> EventQuerySet:
        """Where both are given, one showing must meet both: two filters would take two showings."""
        given = self.form.cleaned_data
        bounds = {"starts_at__gte": given["starts_after"], "starts_at__lt": given["starts_before"]}
        given_bounds = {lookup: bound for lookup, bound in bounds.items() if bound}
        return events.filter(Exists(Showing.objects.filter(event=OuterRef("pk"), **given_bounds)))
