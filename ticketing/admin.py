"""Events with their showings and areas. Seats and states are made by services (`workbench/`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm_log.models import StateLog
from unfold.admin import GenericTabularInline

from jobs.back_office import OnlyShown, ReadOnly
from jobs.subjects import names
from ticketing import accounts_admin, deeds_admin, services
from ticketing.back_office import OwnEvents, Switch, reader
from ticketing.business_time import stamp
from ticketing.dates_news import to_reinstate
from ticketing.errors import DomainError
from ticketing.event_changes import has_buyers_to_come, may_change_organizer
from ticketing.models import Event, Organizer
from ticketing.roles import ABOUT_FRAUD, SEE_EVERY_ORGANIZER, is_admin, remembered_role
from ticketing.showings_admin import ShowingInline
from ticketing.step_words import name_of, words_of
from ticketing.workbench.event_pages import EventPages
from ticketing.workbench.forms import EventForm, OrganizerForm
from ticketing.workbench.overview import overview
from ticketing.workbench.seen import SeenPage

__all__ = ["accounts_admin", "deeds_admin"]  # imported so that their pages are registered, too

names("event_id", Event)


@admin.register(Organizer)
class OrganizerAdmin(SeenPage, OwnEvents):
    organizer_field = "pk"
    form = OrganizerForm
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["members"]  # of all accounts, found by their whole address


class HistoryInline(OnlyShown, GenericTabularInline):
    """Who decided what about an event, newest first."""

    model = StateLog
    extra = 0
    ct_fk_field = "object_id"
    verbose_name = verbose_name_plural = gettext_lazy("history")
    hide_title = True
    fields: ClassVar[Any] = ["timestamp", "what", "moved_from", "moved_to", "who", "why"]
    readonly_fields: ClassVar[Any] = fields
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StateLog]:
        """What is thought of a suspicion is for platform admins only, not for the suspected."""
        rows = super().get_queryset(request).select_related("by", "content_type")
        return rows if is_admin(request.user) else rows.exclude(transition__in=ABOUT_FRAUD)

    @admin.display(description=gettext_lazy("what"))
    def what(self, row: StateLog) -> str:
        """The step in words: its own name is for the code."""
        word = words_of.get(self.parent_model, {}).get(row.transition)
        return str(word.text) if word else row.transition

    @admin.display(description=gettext_lazy("who"))
    def who(self, row: StateLog) -> str:
        return name_of(row.by)

    @admin.display(description=gettext_lazy("from"))
    def moved_from(self, row: StateLog) -> str:
        return str(row.get_source_state_display())

    @admin.display(description=gettext_lazy("to"))
    def moved_to(self, row: StateLog) -> str:
        return str(row.get_state_display())

    @admin.display(description=gettext_lazy("reason"))
    def why(self, row: StateLog) -> str:
        """References are long, and phones are narrow."""
        return format_html('<span style="overflow-wrap: anywhere">{}</span>', row.description)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the event sees its history."""
        return True


class AskedToCancel(Switch):
    title = gettext_lazy("request to cancel")
    parameter_name = "asked_to_cancel"
    label = gettext_lazy("Its organizer asks to cancel it")

    @staticmethod
    def chosen(rows: Any, user: User) -> Any:
        return rows.asked_to_cancel()


class HasNewDates(Switch):
    title = gettext_lazy("new dates")
    parameter_name = "new_dates"
    label = gettext_lazy("Postponed, and its new dates are set")

    @staticmethod
    def chosen(rows: Any, user: User) -> Any:
        return to_reinstate(rows, timezone.now())


def _told(columns: Iterable[Any], request: HttpRequest) -> list[Any]:
    """Not that it is suspected to those who are: they would have themselves paid in time."""
    is_told = remembered_role(reader(request)) in SEE_EVERY_ORGANIZER
    return [each for each in columns if is_told or each != "fraud_status"]


@admin.register(Event)
class EventAdmin(EventPages):
    organizer_field = "organizer"
    form = EventForm
    change_form_outer_before_template = "ticketing/workbench/overview.html"
    list_display = ["title", "organizer", "status", "fraud_status"]
    list_filter = ["status", "fraud_status", AskedToCancel, HasNewDates, "organizer"]
    list_select_related = ["organizer"]
    search_fields = ["title"]
    readonly_fields = ["status", "fraud_status", "revenue_frozen_at", "cancellation_request"]
    fieldsets: ClassVar = [
        (gettext_lazy("What it is"), {"fields": ["organizer", "title", "description", "venue"]}),
        (gettext_lazy("Refunds"), {"fields": ["auto_approve_refund"]}),
        (gettext_lazy("On the web"), {"fields": ["slug"]}),
    ]
    inlines = [ShowingInline, HistoryInline]
    actions = ["publish"]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return _told(super().get_list_display(request), request)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return _told(super().get_list_filter(request), request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """A new event has no state to speak of."""
        state = {"fields": _told(self.readonly_fields, request)}
        return [*self.fieldsets, (gettext_lazy("State"), state)] if obj else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Its organizer stays with those who may not say whose it is."""
        is_fixed = obj is not None and not may_change_organizer(obj, reader(request))
        return [*self.readonly_fields, "organizer"] if is_fixed else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """Nor has it a history."""
        return self.inlines if obj else [ShowingInline]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Whoever belongs to one organizer makes its events."""
        own = list(reader(request).organizers.values_list("pk", flat=True)[:2])
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"organizer": own[0], **given} if len(own) == 1 else given

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What does not take place any more stays as people bought it."""
        return bool(super().has_change_permission(request, obj)) and not (obj and obj.is_closed)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        event = options.get("obj")
        if event is not None:
            context["overview"] = overview(event)
        answer: HttpResponse = super().render_change_form(request, context, *args, **options)
        return answer

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Say who is left to be told of another venue, which stands in tickets and calendars."""
        super().save_model(request, obj, form, change)
        if "venue" in form.changed_data and has_buyers_to_come(obj, timezone.now()):
            told = _(
                "People have ordered for the venue as it was, and are not told of another one: "
                "write to the buyers, whose addresses are in the file of the event's orders."
            )
            messages.warning(request, told)

    def response_add(self, request: HttpRequest, obj: Event, *args: Any) -> HttpResponse:
        """Lead on to the page of the new event, which says what comes next."""
        answer: HttpResponse = super().response_add(request, obj, *args)
        is_plain = not {"_addanother", "_popup"} & request.POST.keys()
        return redirect("admin:ticketing_event_change", obj.pk) if is_plain else answer

    @admin.action(description=gettext_lazy("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, events: QuerySet[Event]) -> None:
        """Publish the selected events; say of each one that can't be, why."""
        for event in events:
            try:
                services.publish_event(event_id=event.pk, by=reader(request))
            except DomainError as refusal:
                messages.error(request, f"{event}: {refusal}")
            else:
                messages.success(request, _("{event} is published.").format(event=event))

    @admin.display(description=gettext_lazy("request to cancel"))
    def cancellation_request(self, event: Event) -> str | None:
        """Who asked for the cancellation, when and why."""
        if event.cancellation_requested_at is None:
            return None
        return _("{reason} – {person}, {moment}").format(
            reason=event.cancellation_request_reason,
            person=event.cancellation_requested_by,
            moment=stamp(event.cancellation_requested_at),
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An event that will not take place is cancelled, so that buyers are told; drafts stay."""
        return False


admin.site.unregister(Authenticator)  # allauth's page shows the secrets of second factors


@admin.register(Authenticator)
class SecondFactorAdmin(ReadOnly):
    """Who has a second factor. Whoever lost it sets up a new one after an admin deleted it."""

    fields = list_display = ("user", "type", "created_at", "last_used_at")
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
