"""The way into the back office: a log-in of today, and a second factor."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import unquote_plus

from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import secure_admin_login
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from unfold.sites import UnfoldAdminSite

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class BackOffice(UnfoldAdminSite):
    """Django's admin, entered through the accounts' own log-in with its limits and second factor.

    Where staff need none (in the sandbox, see `STAFF_MFA_REQUIRED`), a session is enough.
    """

    index_template = "back_office/home.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this is staff who has come all the way in; asked again at each request."""
        is_staff = bool(super().has_permission(request))
        return is_staff and not (settings.STAFF_MFA_REQUIRED and _missing_step(request))

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """For whoever has come in, whatever page it is; 400 for what no row can hold."""
        return super().admin_view(_without_null_characters(view), cacheable)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead whoever can't come in yet to the next step; here is no form of its own."""
        answer: HttpResponse = secure_admin_login(self._lead_on)(request)
        return answer

    def password_change(  # type: ignore[override]  # Django's answers with a page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the accounts' own page, which limits guesses and tells the log.

        The admin's own writes back the whole account, also what an admin changed meanwhile.
        """
        return redirect("account_change_password")

    def _lead_on(self, request: HttpRequest) -> HttpResponse:
        goal = get_next_redirect_url(request) or reverse("admin:index", current_app=self.name)
        step = _missing_step(request) if settings.STAFF_MFA_REQUIRED else None
        if step is None:
            return HttpResponseRedirect(goal)
        if step == "account_login":
            # Not only old: whoever comes back shows password and second factor.
            logout(request)
        return redirect(f"{reverse(step)}?{urlencode({'next': goal})}")


def _without_null_characters(view: View) -> View:
    """Lists look for whatever their addresses say, and PostgreSQL breaks off at this character."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if "\0" in unquote_plus(request.META["QUERY_STRING"]):
            raise BadRequest("A null character in the query of a page of the back office.")
        return view(request, *args, **options)

    return cast(View, checked)


def _missing_step(request: HttpRequest) -> str | None:
    """The page on which staff has to do something before coming in."""
    assert isinstance(request.user, User)
    records = get_authentication_records(request, request.user)
    if not _is_recent(records):
        return "account_login"
    if not is_mfa_enabled(request.user, [Authenticator.Type.TOTP]):
        return "mfa_activate_totp"
    return None if _has_second_factor(request.user, records) else "mfa_reauthenticate"


def _is_recent(records: list[dict[str, Any]]) -> bool:
    """Whether the log-in is not too old. Showing one factor again does not make it younger."""
    log_ins = [record["at"] for record in records if not record.get("reauthenticated")]
    return bool(log_ins) and time.time() - max(log_ins) < settings.STAFF_SESSION_SECONDS


def _has_second_factor(user: User, records: list[dict[str, Any]]) -> bool:
    """Whether one was shown in this session that was not taken away since."""
    shown = [record["id"] for record in records if record["method"] == "mfa"]
    return bool(Authenticator.objects.filter(user=user, pk__in=shown).exists())
