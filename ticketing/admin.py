"""Events with their showings and areas. Seats are made by `generate_seats`, states by services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline

from ticketing import services
from ticketing.back_office import OwnEvents
from ticketing.errors import DomainError
from ticketing.models import Area, Event, Organizer, Showing


@admin.register(Organizer)
class OrganizerAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["members"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organizer]:
        """Members see the organizers that they belong to."""
        rows: QuerySet[Organizer] = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(members=request.user.pk)


class ShowingInline(TabularInline):  # type: ignore[misc]
    model = Showing
    fields = ["starts_at", "ends_at", "ticket_sale_start", "ticket_sale_end", "time_zone"]
    extra = 0
    can_delete = False
    show_change_link = True


@admin.register(Event)
class EventAdmin(OwnEvents):
    organizer_field = "organizer"
    list_display = ["title", "organizer", "status", "fraud_status"]
    list_filter = ["status", "fraud_status"]
    list_select_related = ["organizer"]
    search_fields = ["title"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["status", "fraud_status", "revenue_frozen_at"]
    inlines = [ShowingInline]
    actions = ["publish"]

    @admin.action(description=gettext_lazy("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, events: QuerySet[Event]) -> None:
        """Publish the selected events; say of each one that can't be, why."""
        assert isinstance(request.user, User)
        for event in events:
            try:
                services.publish_event(event_id=event.pk, by=request.user)
            except DomainError as refusal:
                messages.error(request, f"{event}: {refusal}")
            else:
                messages.success(request, _("{event} is published.").format(event=event))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An event that will not take place is cancelled, so that its buyers are told."""
        return False

    def formfield_for_foreignkey(
        self, field: ForeignKey[Any, Any], request: HttpRequest, **options: Any
    ) -> Any:
        """Members make events of their own organizers only."""
        if field.name == "organizer" and not request.user.is_superuser:
            options["queryset"] = Organizer.objects.filter(members=request.user.pk)
        return super().formfield_for_foreignkey(field, request, **options)


class AreaInline(TabularInline):  # type: ignore[misc]
    model = Area
    fields = ["name", "price", "is_general_admission"]
    extra = 0
    can_delete = False


@admin.register(Showing)
class ShowingAdmin(OwnEvents):
    organizer_field = "event__organizer"
    list_display = ["event", "starts_at", "ticket_sale_start", "ticket_sale_end", "time_zone"]
    list_select_related = ["event"]
    search_fields = ["event__title"]
    readonly_fields = ["event"]
    inlines = [AreaInline]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A showing is made on the page of its event."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
