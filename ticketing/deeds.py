"""What staff did that moved no state: log-ins, forms, files. Django keeps it in its own log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.contenttypes.models import ContentType
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.back_office import ReadOnly
from ticketing.roles import is_admin
from ticketing.services.sessions import LOGGED_OUT

EXPORTED, LOG_IN = 4, 100  # besides Django's own
KINDS = {
    ADDITION: gettext_lazy("added"),
    CHANGE: gettext_lazy("changed"),
    DELETION: gettext_lazy("deleted"),
    EXPORTED: gettext_lazy("took as a file"),
    LOG_IN: gettext_lazy("logged in"),
    LOGGED_OUT: gettext_lazy("logged out everywhere"),
}


@receiver(user_logged_in)
def note_log_in(sender: object, request: HttpRequest, user: User, **rest: Any) -> None:
    """Keep when, and from which address, somebody of staff came in."""
    if user.is_staff:
        address = request.META.get("REMOTE_ADDR", "")
        LogEntry.objects.create(
            user=user,
            content_type=ContentType.objects.get_for_model(User),
            object_id=str(user.pk),
            object_repr=str(user)[:200],
            action_flag=LOG_IN,
            change_message=f"From {address}." if address else "",
        )


class OfKind(admin.SimpleListFilter):
    title = gettext_lazy("what")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(flag), str(name)) for flag, name in KINDS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value() or ""
        return queryset.filter(action_flag=chosen) if chosen.isdecimal() else queryset


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnly):
    """For platform admins: what staff added, changed and deleted by forms, and their log-ins."""

    list_display = ["action_time", "user", "kind", "content_type", "object_repr", "message"]
    list_display_links = None
    list_filter = [OfKind]
    list_select_related = ["user", "content_type"]
    search_fields = ["user__email__iexact"]
    search_help_text = gettext_lazy("A whole email address of staff")
    ordering = ["-pk"]
    sortable_by = ()
    fields = readonly_fields = (
        "action_time",
        "user",
        "kind",
        "content_type",
        "object_repr",
        "message",
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_admin(request.user)

    @admin.display(description=gettext_lazy("what"))
    def kind(self, entry: LogEntry) -> str:
        return str(KINDS.get(entry.action_flag, _("something else")))

    @admin.display(description=gettext_lazy("in words"))
    def message(self, entry: LogEntry) -> str:
        return entry.get_change_message()
