"""Where somebody is logged in, for the owner of the account to see and to end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ticketing import services
from ticketing.business_time import zone
from ticketing.models import Session
from ticketing.models.sessions import LOG_IN, SessionStore
from ticketing.pages.devices import device_of
from ticketing.pages.throttling import limited

MOST = 100


@dataclass(frozen=True)
class Listed:
    """A session as its owner sees it. The key opens it, so a page has a name instead."""

    key: str
    is_here: bool
    log_in: dict[str, Any]

    @property
    def name(self) -> str:
        return sha256(self.key.encode()).hexdigest()

    @property
    def device(self) -> str:
        return device_of(self.log_in.get("browser", ""))

    @property
    def address(self) -> str:
        return str(self.log_in.get("address", ""))

    @property
    def since(self) -> str:
        """By the clock of the business, which the page names; empty if it is not known."""
        if "at" not in self.log_in:
            return ""
        return date_format(datetime.fromtimestamp(self.log_in["at"], zone()), "DATETIME_FORMAT")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
@limited
@reauthentication_required(allow_get=True)
def own_sessions(request: HttpRequest) -> HttpResponse:
    """The list; or, sent with the name of one or with `all`, these end, but for the reader's own.

    Whoever has a session alone can end no other: the password is asked for again.
    """
    assert isinstance(request.user, User)
    listed = _listed(request.user, str(request.session.session_key))
    if request.method == "POST":
        ended = services.end_own_sessions(user=request.user, keys=_chosen(request, listed))
        messages.success(request, _said(ended))
        return redirect("own_sessions")
    context = {"listed": listed, "zone": zone().key, "are_others": len(listed) > 1}
    return render(request, "account/sessions.html", context)


def _listed(user: User, here: str) -> list[Listed]:
    """Those that are open, this one first, then the one used last."""
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now())
    listed = [
        Listed(row.pk, row.pk == here, SessionStore().decode(row.session_data).get(LOG_IN, {}))
        for row in rows.order_by("-expire_date")[:MOST]
    ]
    return sorted(listed, key=lambda each: not each.is_here)


def _chosen(request: HttpRequest, listed: Iterable[Listed]) -> list[str]:
    names = {each.name: each.key for each in listed if not each.is_here}
    if "all" in request.POST:
        return list(names.values())
    return [names[name] for name in request.POST.getlist("session") if name in names]


def _said(ended: int) -> str:
    if not ended:
        return _("Nothing was open there any more.")
    return ngettext("Logged out on one device.", "Logged out on {count} devices.", ended).format(
        count=ended
    )
