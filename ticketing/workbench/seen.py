"""Whether a form still shows what is stored, so that nobody undoes another's work unseen."""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from ticketing.models import Area, Event, Organizer, Showing

SEEN = "seen"  # under this name the page sends back the mark of what it showed
WORDS = ("organizer", "title", "description", "venue", "auto_approve_refund", "slug")
ACCOUNT = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
TIMES = ("starts_at", "ends_at", "ticket_sale_start", "ticket_sale_end", "time_zone")


def mark_of(row: Event | Showing | Organizer | User) -> str:
    """Another one as soon as something is stored that the row's page lets people change."""
    words: list[Any]
    parts: list[Any]
    if isinstance(row, Event):
        words = list(Event.objects.filter(pk=row.pk).values_list(*WORDS))
        parts = list(row.showings.order_by("pk").values_list("pk", *TIMES))
    elif isinstance(row, User):
        words = list(User.objects.filter(pk=row.pk).values_list(*ACCOUNT))
        parts = [sorted(each.values_list("pk")) for each in (row.groups, row.user_permissions)]
    elif isinstance(row, Organizer):
        words = list(Organizer.objects.filter(pk=row.pk).values_list("name", "slug"))
        parts = sorted(row.members.values_list("pk"))
    else:
        words = list(Showing.objects.filter(pk=row.pk).values_list(*TIMES))
        parts = list(Area.objects.filter(showing=row).order_by("pk").values_list("pk", "name"))
    return hashlib.sha256(repr((words, parts)).encode()).hexdigest()


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]  # it takes none when run
    """A form that is refused once if somebody else has changed its row since it was shown.

    It comes back with a new mark: whoever sends it again knows. One without a mark is taken.
    """

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        seen = "" if self.prefix else self.data.get(SEEN, "")  # a part of a page has a prefix
        if seen and self.instance.pk and seen != mark_of(self.instance):
            told = _(
                "This has changed since you opened the page. Look at it in another window: "
                "saving once more puts what stands here in its place."
            )
            self.add_error(None, told)
        return given


class SeenPage(ModelAdmin):
    """A page whose form, a `SeenForm`, brings the mark of what was stored when it was shown."""

    change_form_before_template = "ticketing/workbench/seen.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        row = options.get("obj")
        context[SEEN] = mark_of(row) if row is not None else ""
        answer: HttpResponse = super().render_change_form(request, context, *args, **options)
        return answer
