"""What everybody may see: which events there are, and when they take place."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import FilteredRelation, Min, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ticketing.models import Event, EventQuerySet, EventStatus, Showing
from ticketing.pages.offers import offers_of
from ticketing.pages.throttling import limited

EVENTS_ON_A_PAGE = 24
LONGEST_SEARCH = 100


@require_safe
@limited
def events(request: HttpRequest) -> HttpResponse:
    """Whatever is still to come, the next first; a postponed event comes last until it is dated."""
    now, search = timezone.now(), _search(request)
    page = Paginator(_coming(now, search), EVENTS_ON_A_PAGE).get_page(request.GET.get("page"))
    listed = list(page)
    offers = {
        offer.showing.event_id: offer for offer in offers_of(_next_showings(listed, now), now)
    }
    for event in listed:
        cast("Any", event).offer = offers.get(event.pk)  # for the template
    return render(request, "pages/events.html", {"page": page, "events": listed, "search": search})


def _search(request: HttpRequest) -> str:
    """What is looked for; PostgreSQL takes any text but one with a null byte."""
    return request.GET.get("search", "").replace("\x00", "").strip()[:LONGEST_SEARCH]


def _coming(now: datetime, search: str) -> EventQuerySet:
    # Chosen and joined by showings to come, which an index finds: most of all are long past.
    is_coming = Q(pk__in=Showing.objects.filter(ends_at__gt=now).values("event"))
    coming = FilteredRelation("showings", condition=Q(showings__ends_at__gt=now))
    return (
        Event.objects.public()
        .filter(is_coming | Q(status=EventStatus.POSTPONED), title__icontains=search)
        .annotate(coming=coming, next_at=Min("coming__starts_at"))
        .select_related("organizer")
        .order_by("next_at", "pk")
    )


def _next_showings(events: list[Event], now: datetime) -> list[Showing]:
    """The next showing of each event; of one that is over altogether, the last one."""
    showings = Showing.objects.filter(event__in=events).select_related("event")
    chosen: dict[int, Showing] = {}
    # From the last one backwards: one that is to come takes the place of those after it.
    for showing in showings.order_by("-starts_at", "-pk"):
        if showing.event_id not in chosen or showing.ends_at > now:
            chosen[showing.event_id] = showing
    return list(chosen.values())


@require_safe
@limited
def event(request: HttpRequest, slug: str) -> HttpResponse:
    """One event with all its showings, those to come first."""
    shown = get_object_or_404(Event.objects.public().select_related("organizer"), slug=slug)
    now = timezone.now()
    showings = shown.showings.order_by("starts_at", "pk")
    offers = offers_of(showings, now)
    coming = [offer for offer in offers if offer.showing.ends_at > now]
    past = [offer for offer in reversed(offers) if offer.showing.ends_at <= now]
    return render(request, "pages/event.html", {"event": shown, "coming": coming, "past": past})
