"""What the pages of the workbench have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from unfold.decorators import action

from jobs.back_office import offered
from ticketing.back_office import OwnEvents
from ticketing.dates_news import announcing_new_dates
from ticketing.errors import DomainError
from ticketing.models import Event
from ticketing.roles import runs_it
from ticketing.transition_log import note
from ticketing.workbench.seen import SeenPage

Page = Callable[..., HttpResponse]
Offered = Callable[[User, Event], bool]


def may_change(user: User, event: Event) -> bool:
    """Whether it is one of those who run the event, and it still takes place."""
    return runs_it(user, event) and not event.is_closed


def page(
    title: Any, url_path: str, *, is_offered: Offered = may_change, **options: Any
) -> Callable[[Page], Page]:
    """An address of a row's own, with a button there while it `is_offered` as the event stands."""

    def decorate(view: Page) -> Page:
        made = action(description=title, url_path=url_path, **options)(view)
        return offered(lambda user, row: is_offered(user, _event_of(row)))(made)

    return decorate


class NotedChanges(SeenPage, OwnEvents):
    """A page whose form's changes stand in the history of the event, with who made them."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **options: Any
    ) -> HttpResponse:
        """Read and write what was sent with the event locked.

        A form writes whole rows: a state or a price that was decided since they were read would be
        as before. Of new dates of a postponed event people are told.
        """
        answer = cast(Page, super().changeform_view)
        is_change = object_id and request.method == "POST"
        row = self.get_object(request, unquote(object_id or "")) if is_change else None
        if row is None:
            return answer(request, object_id, *args, **options)
        with transaction.atomic():
            event = Event.objects.get_for_no_key_update(_event_of(row).pk)
            with announcing_new_dates(event):
                return answer(request, object_id, *args, **options)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        entry: LogEntry = super().log_addition(request, obj, message)
        self._note(entry, "create", obj)
        return entry

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        entry: LogEntry = super().log_change(request, obj, message)
        if message:
            self._note(entry, "change", obj)
        return entry

    def _note(self, entry: LogEntry, what: str, row: Any) -> None:
        event = _event_of(row)
        with translation.override("en"):  # as the reasons of all other steps
            told = entry.get_change_message()
        told = told if row is event else f"{row}: {told}"
        note(event, what, by=entry.user, at=entry.action_time, reason=told)


def _event_of(row: Any) -> Event:
    event: Event = row if isinstance(row, Event) else row.event
    return event


def changeable(page_: OwnEvents, request: HttpRequest, object_id: str) -> Any:
    """The row of an address, for those who may change it.

    Raises Http404 for what the reader may not see, PermissionDenied for what is not to change.
    """
    row = page_.visible(request, object_id)
    if not page_.has_change_permission(request, row):
        raise PermissionDenied
    return row


def attempt(request: HttpRequest, act: Callable[[], Any], told: Any) -> Any:
    """What the use case gives back, with a message of success; None with its refusal as one."""
    try:
        done = act()
    except DomainError as refusal:
        messages.error(request, refusal_in_words(refusal))
        return None
    messages.success(request, told)
    return done


def refusal_in_words(refusal: DomainError) -> str:
    """What it says, with the mistakes that it lists."""
    mistakes = [mistake["message"] for mistake in refusal.extra.get("errors", [])]
    return " ".join([str(refusal), *mistakes[:5]])
