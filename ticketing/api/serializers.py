from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from ticketing.models import Area, Event, Organizer, Showing

IS_CLOSED = "Whether the event is off, whatever its `status` says: nobody pays, and nobody gets in."


class OrganizerBody(serializers.ModelSerializer[Organizer]):
    class Meta:
        model = Organizer
        fields = ["name", "slug"]


class ShowingBody(serializers.ModelSerializer[Showing]):
    on_sale = serializers.SerializerMethodField(help_text="Whether orders are taken at the moment.")

    class Meta:
        model = Showing
        fields = [
            "id",
            "starts_at",
            "ends_at",
            "ticket_sale_start",
            "ticket_sale_end",
            "time_zone",
            "on_sale",
        ]

    def get_on_sale(self, showing: Showing) -> bool:
        return showing.is_on_sale(timezone.now())


class EventBody(serializers.ModelSerializer[Event]):
    organizer = OrganizerBody()
    is_closed = serializers.BooleanField(read_only=True, help_text=IS_CLOSED)
    showings = ShowingBody(many=True)

    class Meta:
        model = Event
        fields = [
            "slug",
            "title",
            "description",
            "venue",
            "organizer",
            "status",
            "is_closed",
            "showings",
        ]


class SeatCounts(serializers.Serializer[Any]):
    available = serializers.IntegerField()
    held = serializers.IntegerField()
    sold = serializers.IntegerField()
    blocked = serializers.IntegerField()


class AreaBody(serializers.ModelSerializer[Area]):
    seats = SeatCounts(source="by_state", help_text="How many places are in which state.")

    class Meta:
        model = Area
        fields = ["id", "name", "price", "is_general_admission", "seats"]


class ShowingDetailBody(ShowingBody):
    event = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    title = serializers.CharField(source="event.title")
    status = serializers.CharField(source="event.status")
    is_closed = serializers.BooleanField(
        source="event.is_closed", read_only=True, help_text=IS_CLOSED
    )
    areas = AreaBody(many=True, source="counted_areas")

    class Meta(ShowingBody.Meta):
        fields = [*ShowingBody.Meta.fields, "event", "title", "status", "is_closed", "areas"]


class RowOfSeats(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    label: Any = serializers.CharField()  # a name of DRF's, too
    seats = serializers.ListField(
        child=serializers.ListField(), help_text="Each seat as `[id, number, status]`."
    )


class AreaOfRows(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    rows = RowOfSeats(many=True)


class SeatMapBody(serializers.Serializer[Any]):
    showing = serializers.IntegerField()
    cursor = serializers.CharField(help_text="Give it as `since` to read only what changed.")
    areas = AreaOfRows(many=True)
