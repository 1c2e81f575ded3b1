"""Who may stand at which door. Showings of other organizers do not exist here."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from orders.pages.access import View
from ticketing.back_office import reader
from ticketing.models import EventStatus, Showing
from ticketing.models.showings import ShowingQuerySet
from ticketing.roles import CHECK_IN, is_admin


def door_page(view: View) -> View:
    """A page for those who let people in; they come through the back office's own log-in.

    So it asks for the same second factor and the same age of the session, at each request. Unlike
    customers nobody is told to slow down: the queue would stand.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not reader(request).has_perm(CHECK_IN):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    entered: View = admin.site.admin_view(guarded)
    return entered


def own_showings(user: User) -> ShowingQuerySet:
    """With their events: those of the user's organizers, for admins all; drafts sell nothing."""
    showings = Showing.objects.select_related("event").exclude(event__status=EventStatus.DRAFT)
    if is_admin(user):
        return showings
    return showings.filter(event__organizer__in=user.organizers.all())
