"""Customers' own refunds. What belongs to somebody else does not exist here."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders.api.views import own_order
from orders.models import Order
from refunds import services
from refunds.api import examples
from refunds.api.serializers import QuoteBody, RefundBody, RefundOrder, RefundRequest
from refunds.errors import (
    NothingToRefund,
    QuoteChanged,
    RefundNotOffered,
    RefundWindowClosed,
    TicketNotRefundable,
)
from refunds.models import Refund
from refunds.models.refund import RefundQuerySet
from ticketing.api.authentication import signed_in
from ticketing.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from ticketing.api.idempotency import idempotency_of
from ticketing.errors import IdempotencyKeyReused

REFUSALS = [RefundNotOffered, NothingToRefund, TicketNotRefundable, RefundWindowClosed]


def displayed_refunds(request: Request) -> RefundQuerySet:
    """The caller's own refunds, with what an answer shows of them."""
    return Refund.objects.of_customer(signed_in(request).pk).shown()


class RefundQuotes(APIView):
    refusals = {"post": REFUSALS}

    @extend_schema(
        summary="Ask what a refund would bring",
        description="What a request made now would be answered. Changes nothing.",
        request=RefundRequest,
        responses={200: QuoteBody},
        examples=examples.QUOTED,
    )
    def post(self, request: Request, code: str) -> Response:
        order = own_order(request, code)
        body = RefundRequest(data=request.data)
        body.is_valid(raise_exception=True)
        wish = wish_of(order, body.validated_data)
        return Response(QuoteBody(services.quote_refund(order_id=order.pk, **wish)).data)


class OrderRefunds(generics.ListAPIView[Refund]):
    queryset = Refund.objects.none()  # names the model to the API's description
    serializer_class = RefundBody
    ordering = ["-requested_at", "-pk"]
    refusals = {"post": [*REFUSALS, QuoteChanged, IdempotencyKeyReused]}

    def get_queryset(self) -> RefundQuerySet:
        return displayed_refunds(self.request).filter(order=self._order())

    @extend_schema(
        summary="List the refunds of one of my orders",
        operation_id="order_refunds_list",
        examples=[examples.REFUND_LISTED],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    @extend_schema(
        summary="Ask for money back",
        description=(
            "For a personal reason, any tickets that nobody used: 80 % until 7 days before the "
            "sale ends, 60 % until 5 days before. While the event is postponed, the whole order: "
            "90 %, instead of what was asked for before and waits. Ask for a quote first, show it, "
            "and send the amount along as `quoted_amount`: if another one would go back by then, "
            "the answer is `refund-quote-changed`."
        ),
        operation_id="order_refunds_create",
        parameters=[IDEMPOTENCY_KEY],
        request=RefundOrder,
        responses={201: RefundBody},
        examples=examples.REFUND_CREATED,
    )
    def post(self, request: Request, code: str) -> Response:
        order = self._order()
        body = RefundOrder(data=request.data)
        body.is_valid(raise_exception=True)
        idempotency = idempotency_of(request)
        refund = services.request_refund(
            order_id=order.pk,
            requester=signed_in(request),
            idempotency_key=idempotency.key,
            request_digest=idempotency.digest,
            quoted_amount=body.validated_data.get("quoted_amount"),
            **wish_of(order, body.validated_data),
        )
        shown = displayed_refunds(request).get(pk=refund.pk)
        return Response(RefundBody(shown).data, status=status.HTTP_201_CREATED)

    def _order(self) -> Order:
        return own_order(self.request, self.kwargs["code"])


class RefundDetail(APIView):
    @extend_schema(
        summary="Read one of my refunds", responses=RefundBody, examples=[examples.REFUND]
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(RefundBody(get_object_or_404(displayed_refunds(request), pk=pk)).data)


def wish_of(order: Order, body: dict[str, Any]) -> dict[str, Any]:
    """What the body asks for; raises ValidationError for tickets of another order."""
    codes = body.get("tickets")
    _check_tickets(order, codes or [])
    return {"reason": body["reason"], "ticket_codes": codes}


def _check_tickets(order: Order, codes: list[str]) -> None:
    found = order.tickets.filter(code__in=codes).values_list("code", flat=True)
    foreign = sorted(set(codes) - set(found))
    if foreign:
        told = _("Ticket {code} is not part of the order.")
        raise ValidationError({"tickets": [told.format(code=code) for code in foreign]})
