"""What everybody may see: events, their showings, and which seats are free."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Prefetch
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.prepared import Lookup
from ticketing.api import examples
from ticketing.api.filters import EventFilter
from ticketing.api.serializers import EventBody, SeatMapBody, ShowingDetailBody
from ticketing.api.throttling import PerAddressThrottle
from ticketing.ids import MOST_DIGITS, read_id
from ticketing.models import Event, EventQuerySet, Showing
from ticketing.seat_counts import count_seats
from ticketing.seat_map import changed_map, whole_map
from ticketing.seat_news import look_for_news


class Public(APIView):
    """For visitors too. A token is not even looked at, so an old one does no harm."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [PerAddressThrottle]


def displayed_events() -> EventQuerySet:
    """Public events with what an answer shows of them."""
    showings = Showing.objects.order_by("starts_at", "pk")
    return (
        Event.objects.public()
        .select_related("organizer")
        .prefetch_related(Prefetch("showings", showings))
    )


class EventList(Public, generics.ListAPIView[Event]):
    serializer_class = EventBody
    filterset_class = EventFilter
    ordering = ["-pk"]

    def get_queryset(self) -> EventQuerySet:
        return displayed_events()

    @extend_schema(summary="List events, newest first", examples=[examples.EVENT])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


class EventDetail(Public):
    @extend_schema(summary="Read an event", responses=EventBody, examples=[examples.EVENT])
    def get(self, request: Request, slug: str) -> Response:
        return Response(EventBody(get_object_or_404(displayed_events(), slug=slug)).data)


PUBLIC_SHOWING = Lookup(
    """
    SELECT {showing}, {event} FROM ticketing_showing showing
    JOIN ticketing_event event ON event.id = showing.event_id
    WHERE showing.id = %(showing)s AND event.status <> 'draft'
    """,
    showing=Showing,
    event=Event,
)


def public_showing(showing_id: int) -> Showing:
    """A showing of a public event; Http404 for any other."""
    found = PUBLIC_SHOWING.find(showing=showing_id)
    if found is None:
        raise Http404
    showing: Showing
    showing, showing.event = found
    return showing


class ShowingDetail(Public):
    @extend_schema(
        summary="Read a showing with its areas, prices and counts",
        responses=ShowingDetailBody,
        examples=[examples.SHOWING],
    )
    def get(self, request: Request, id: int) -> Response:
        showing = public_showing(id)
        counts = count_seats(showing.pk)
        areas: list[Any] = list(showing.areas.order_by("pk"))
        for area in areas:
            area.by_state = counts.of_area(area.pk)
        cast("Any", showing).counted_areas = areas
        return Response(ShowingDetailBody(showing).data)


class ShowingSeats(Public):
    @extend_schema(
        summary="Read the seat map",
        description=(
            "Every area, row and seat. Keep it up to date with `since`, the cursor of the map you "
            "have: the answer has the same shape with the changed seats only. It never misses a "
            "change and may repeat one. Or send the `ETag` back in `If-None-Match`."
        ),
        parameters=[
            OpenApiParameter(
                "since",
                str,
                pattern=rf"^[0-9]{{1,{MOST_DIGITS}}}$",
                description="The `cursor` of an earlier answer.",
            ),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
        ],
        responses={200: SeatMapBody, 304: None},
        examples=[examples.SEAT_MAP],
    )
    def get(self, request: Request, id: int) -> HttpResponse:
        since = _since(request)
        news = look_for_news(id, since=since or _cursor_of_etag(request))
        if news is None:
            raise Http404
        # 0 is a reader without a map. Where there are no seats nothing has changed for him, either,
        # and he is still to get that answer.
        if news.is_unchanged and news.since and not since:
            return HttpResponseNotModified(headers=_caching(news.since))
        fresh = changed_map(news) if since and news.is_cursor_ours else whole_map(news)
        return HttpResponse(
            fresh.body, content_type="application/json", headers=_caching(fresh.cursor)
        )


def _since(request: Request) -> int:
    cursor = read_id(request.query_params.get("since", "0"))
    if cursor is None:
        raise ValidationError({"since": [_("Take the cursor from a seat map.")]})
    return cursor


def _cursor_of_etag(request: Request) -> int:
    """The cursor we gave as ETag, or 0. With several, the oldest is right for all."""
    given = [read_id(etag.removeprefix("W/").strip('"')) for etag in _etags(request)]
    return min((cursor for cursor in given if cursor is not None), default=0)


def _etags(request: Request) -> list[str]:
    return list(parse_etags(request.headers.get("If-None-Match", "")))


def _caching(cursor: int) -> dict[str, str]:
    # Kept by whoever likes, and asked about before each use.
    return {"ETag": f'W/"{cursor}"', "Cache-Control": "no-cache"}
