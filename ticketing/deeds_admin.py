"""What staff did that moved no state, as a page for platform admins."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ticketing.back_office import PlatformOnly
from ticketing.deeds import KINDS


class OfKind(admin.SimpleListFilter):
    title = gettext_lazy("what")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(flag), str(name)) for flag, name in KINDS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value() or ""
        return queryset.filter(action_flag=chosen) if chosen.isdecimal() else queryset


@admin.register(LogEntry)
class LogEntryAdmin(PlatformOnly):
    """What staff added, changed and deleted by forms, took as files, and their log-ins."""

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

    @admin.display(description=gettext_lazy("what"))
    def kind(self, entry: LogEntry) -> str:
        return str(KINDS.get(entry.action_flag, _("something else")))

    @admin.display(description=gettext_lazy("in words"))
    def message(self, entry: LogEntry) -> str:
        return entry.get_change_message()
