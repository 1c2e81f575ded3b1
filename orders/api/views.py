"""Customers' own orders and tickets, and the door that lets them in.

What belongs to somebody else does not exist here.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.prepared import Lookup, fetch_all
from orders import downloads, services
from orders.api import examples
from orders.api.serializers import (
    CheckInBody,
    CheckInRequest,
    OrderBody,
    OrderRequest,
    TicketBody,
)
from orders.errors import (
    AlreadyCheckedIn,
    DoorClosed,
    NotEnoughSeats,
    OrderNotCancellable,
    SeatsUnavailable,
    TicketNotValid,
    TooManyTickets,
    WrongShowing,
)
from orders.models import Order, OrderQuerySet, Ticket
from ticketing.api.authentication import signed_in
from ticketing.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from ticketing.api.idempotency import idempotency_of
from ticketing.api.negotiation import AnyAccept
from ticketing.api.permissions import RunsEvents
from ticketing.api.views import public_showing
from ticketing.errors import IdempotencyKeyReused, SalesClosed
from ticketing.models import Area, Event, Showing


def displayed_orders(request: Request) -> OrderQuerySet:
    """The caller's own orders, with what an answer shows of them."""
    return Order.objects.of_customer(signed_in(request).pk).with_holds()


OWN = Lookup(
    "SELECT {own} FROM orders_order own WHERE code = %(code)s AND customer_id = %(customer)s",
    own=Order,
)


def own_order(request: Request, code: str) -> Order:
    """The caller's order of this code; Http404 for anybody else's."""
    found = OWN.find(code=code, customer=signed_in(request).pk)
    if found is None:
        raise Http404
    order: Order = found[0]
    return order


class OrderList(generics.ListAPIView[Order]):
    queryset = Order.objects.none()  # names the model to the API's description
    serializer_class = OrderBody
    ordering = ["-created_at", "-pk"]
    refusals = {
        "post": [
            SalesClosed,
            SeatsUnavailable,
            NotEnoughSeats,
            TooManyTickets,
            IdempotencyKeyReused,
        ]
    }

    def get_queryset(self) -> OrderQuerySet:
        return displayed_orders(self.request)

    @extend_schema(
        summary="List my orders", operation_id="orders_list", examples=[examples.ORDER_LISTED]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    @extend_schema(
        summary="Hold seats",
        description=(
            "Name seats of one showing, or a quantity in a general-admission area. The seats are "
            "yours until `expires_at`; pay before that."
        ),
        operation_id="orders_create",
        parameters=[IDEMPOTENCY_KEY],
        request=OrderRequest,
        responses={201: OrderBody},
        examples=examples.ORDER_CREATED,
    )
    def post(self, request: Request) -> Response:
        body = OrderRequest(data=request.data)
        body.is_valid(raise_exception=True)
        idempotency = idempotency_of(request)
        order = services.place_order(
            customer=signed_in(request),
            idempotency_key=idempotency.key,
            request_digest=idempotency.digest,
            **wish_of(body.validated_data),
        )
        return Response(OrderBody(order).data, status=status.HTTP_201_CREATED)


def wish_of(body: dict[str, Any]) -> dict[str, Any]:
    """Look up what the body names. Http404 for no such public showing, 400 for parts of another."""
    if "seats" in body:
        showing = public_showing(body["showing"])
        _check_seats(showing, body["seats"])
        return {"showing": showing, "seat_ids": body["seats"]}
    area = _standing_area(body)
    return {"showing": area.showing, "area": area, "quantity": body["quantity"]}


AREA = Lookup(
    """
    SELECT {area}, {showing}, {event} FROM ticketing_area area
    JOIN ticketing_showing showing ON showing.id = area.showing_id
    JOIN ticketing_event event ON event.id = showing.event_id
    WHERE area.id = %(area)s AND showing.id = %(showing)s AND event.status <> 'draft'
    """,
    area=Area,
    showing=Showing,
    event=Event,
)


def _standing_area(body: dict[str, Any]) -> Area:
    found = AREA.find(area=body["area"], showing=body["showing"])
    if found is None:
        public_showing(body["showing"])  # if that is what does not exist
        raise ValidationError({"area": [_("This area is not part of the showing.")]})
    area: Area
    area, area.showing, area.showing.event = found
    if not area.is_general_admission:
        raise ValidationError({"area": [_("This area has numbered seats: name them in seats.")]})
    return area


SEATS = """
SELECT id FROM ticketing_seat WHERE showing_id = %(showing)s AND id = ANY(%(seats)s::bigint[])
"""


def _check_seats(showing: Showing, seat_ids: list[int]) -> None:
    found = fetch_all(SEATS, {"showing": showing.pk, "seats": seat_ids})
    foreign = sorted(set(seat_ids) - {pk for (pk,) in found})
    if foreign:
        raise ValidationError(
            {"seats": [_("Seat {id} is not part of the showing.").format(id=pk) for pk in foreign]}
        )


class OrderDetail(APIView):
    @extend_schema(summary="Read one of my orders", responses=OrderBody, examples=[examples.ORDER])
    def get(self, request: Request, code: str) -> Response:
        return Response(OrderBody(get_object_or_404(displayed_orders(request), code=code)).data)


class OrderCancel(APIView):
    refusals = {"post": [OrderNotCancellable]}

    @extend_schema(
        summary="Give the seats of an unpaid order back",
        request=None,
        responses={200: OrderBody},
        examples=[examples.ORDER],
    )
    def post(self, request: Request, code: str) -> Response:
        order = own_order(request, code)
        services.cancel_order(order_id=order.pk, by=signed_in(request))
        return Response(OrderBody(displayed_orders(request).get(pk=order.pk)).data)


class OrderTickets(APIView):
    @extend_schema(
        summary="List the tickets of one of my orders",
        responses=TicketBody(many=True),
        examples=[examples.TICKET],
    )
    def get(self, request: Request, code: str) -> Response:
        tickets = own_order(request, code).tickets.select_related("showing", "event")
        return Response(TicketBody(tickets.order_by("seat_id"), many=True).data)


class TicketQR(APIView):
    content_negotiation_class = AnyAccept
    refusals = {"get": [TicketNotValid]}

    @extend_schema(
        summary="The QR code of one of my tickets",
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        own = Ticket.objects.filter(order__customer=signed_in(request)).select_related("event")
        ticket = get_object_or_404(own, code=code)
        return downloads.qr_code(ticket)


class TicketPDF(APIView):
    content_negotiation_class = AnyAccept

    @extend_schema(
        summary="One of my tickets, to print or to show at the entrance",
        description="In the language of `Accept-Language`. A refunded ticket says so on its page.",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        own = Ticket.objects.filter(order__customer=signed_in(request)).with_places()
        ticket = get_object_or_404(own, code=code)
        return downloads.ticket_pdf(ticket)


class CheckIns(APIView):
    permission_classes = [IsAuthenticated, RunsEvents]
    refusals = {"post": [AlreadyCheckedIn, TicketNotValid, WrongShowing, DoorClosed]}

    @extend_schema(
        summary="Let the holder of a ticket in",
        description=(
            "For members of the event's organizer. A ticket is accepted once; whoever comes with "
            "it again gets `already-checked-in`, with the time of the first scan. A request whose "
            "answer was lost may be repeated with the same `scan`."
        ),
        request=CheckInRequest,
        responses={200: CheckInBody},
        examples=examples.CHECKED_IN,
    )
    def post(self, request: Request) -> Response:
        body = CheckInRequest(data=request.data)
        body.is_valid(raise_exception=True)
        caller, wish = signed_in(request), body.validated_data
        found = get_object_or_404(Ticket.objects.at_doors_of(caller), code=wish["ticket"])
        ticket = services.check_in(
            code=found.code, by=caller, showing_id=wish.get("showing"), scan=wish.get("scan")
        )
        return Response(CheckInBody(ticket).data)
