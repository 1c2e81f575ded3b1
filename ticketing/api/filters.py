from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from ticketing.models import Event, EventStatus


class EventFilter(filters.FilterSet):  # type: ignore[misc]
    search = filters.CharFilter("title", "icontains", label=_("Part of the title"))
    organizer = filters.CharFilter("organizer__slug", label=_("The organizer's slug"))
    status = filters.ChoiceFilter(
        choices=[choice for choice in EventStatus.choices if choice[0] != EventStatus.DRAFT]
    )
    starts_after = filters.IsoDateTimeFilter(
        "showings__starts_at", "gte", distinct=True, label=_("With a showing from then on")
    )
    starts_before = filters.IsoDateTimeFilter(
        "showings__starts_at", "lt", distinct=True, label=_("With a showing before then")
    )

    class Meta:
        model = Event
        fields = ["search", "organizer", "status", "starts_after", "starts_before"]
