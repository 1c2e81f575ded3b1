"""Events with their showings and areas. Seats are made by `generate_seats`, states by services."""

from __future__ import annotations

from datetime import UTC
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm_log.models import StateLog
from unfold.admin import GenericTabularInline, TabularInline

from jobs.back_office import ReadOnly
from ticketing import accounts_admin, services
from ticketing.back_office import OwnEvents, Switch
from ticketing.errors import DomainError
from ticketing.event_actions import EventActions
from ticketing.models import Area, Event, Organizer, Showing
from ticketing.roles import is_admin

__all__ = ["accounts_admin"]  # imported so that its pages are registered, too

ABOUT_FRAUD = ["investigate", "confirm_fraud", "clear", "lift_revenue_freeze"]


@admin.register(Organizer)
class OrganizerAdmin(OwnEvents):
    organizer_field = "pk"
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["members"]


class ShowingInline(TabularInline):  # type: ignore[misc]
    model = Showing
    fields = ["starts_at", "ends_at", "ticket_sale_start", "ticket_sale_end", "time_zone"]
    extra = 0
    can_delete = False
    show_change_link = True


class HistoryInline(GenericTabularInline):  # type: ignore[misc]
    """Who decided what about an event, newest first."""

    model = StateLog
    ct_fk_field = "object_id"
    verbose_name = verbose_name_plural = gettext_lazy("history")
    fields: ClassVar = ["timestamp", "transition", "source_state", "state", "by", "description"]
    readonly_fields = fields
    ordering = ["-pk"]
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[StateLog]:
        """What is thought of a suspicion is for platform admins only, not for the suspected."""
        rows: QuerySet[StateLog] = super().get_queryset(request).select_related("by")
        return rows if is_admin(request.user) else rows.exclude(transition__in=ABOUT_FRAUD)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the event sees its history."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AskedToCancel(Switch):
    title = gettext_lazy("request to cancel")
    parameter_name = "asked_to_cancel"
    label = gettext_lazy("Its organizer asks to cancel it")

    @staticmethod
    def chosen(rows: Any, user: User) -> Any:
        return rows.asked_to_cancel()


@admin.register(Event)
class EventAdmin(EventActions):
    organizer_field = "organizer"
    list_display = ["title", "organizer", "status", "fraud_status"]
    list_filter = ["status", "fraud_status", AskedToCancel, "organizer"]
    list_select_related = ["organizer"]
    search_fields = ["title"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["status", "fraud_status", "revenue_frozen_at", "cancellation_request"]
    exclude = [
        "cancellation_requested_at", "cancellation_requested_by", "cancellation_request_reason",
        "fraud_cleared_by", "revenue_freeze_lifted_by",
    ]  # fmt: skip
    inlines = [ShowingInline, HistoryInline]
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

    @admin.display(description=gettext_lazy("request to cancel"))
    def cancellation_request(self, event: Event) -> str | None:
        """Who asked for the cancellation, when and why."""
        if event.cancellation_requested_at is None:
            return None
        return _("{reason} – {person}, {moment} (UTC)").format(
            reason=event.cancellation_request_reason,
            person=event.cancellation_requested_by,
            moment=f"{event.cancellation_requested_at.astimezone(UTC):%Y-%m-%d %H:%M}",
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An event that will not take place is cancelled, so that its buyers are told."""
        return False


class AreaForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    """A new area. What one costs later is changed with a reason, on the page of the prices."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("price", "is_general_admission"):
            self.fields[name].disabled = self.instance.pk is not None


class AreaInline(TabularInline):  # type: ignore[misc]
    model = Area
    form = AreaForm
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


admin.site.unregister(Authenticator)  # allauth's page shows the secrets of second factors


@admin.register(Authenticator)
class SecondFactorAdmin(ReadOnly):
    """Who has a second factor. Whoever lost it sets up a new one after an admin deleted it."""

    fields = ["user", "type", "created_at", "last_used_at"]
    list_display = fields
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email__exact", "user__emailaddress__email__iexact"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_admin(request.user)

    def delete_queryset(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        """Delete all factors of their owners: recovery codes of a lost one must not stay."""
        owners = list(chosen.values_list("user", flat=True))
        Authenticator.objects.filter(user__in=owners).delete()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.delete_queryset(request, Authenticator.objects.filter(pk=obj.pk))
