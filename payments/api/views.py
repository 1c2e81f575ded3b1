"""Paying an order: the customer gets a link, the provider does the rest."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders.api.views import own_order
from orders.errors import OrderExpired, OrderNotPayable
from payments import services
from payments.api.serializers import PaymentBody, PaymentRequest
from payments.providers import Customer, spoken_locale
from ticketing.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from ticketing.api.idempotency import idempotency_of
from ticketing.errors import IdempotencyKeyReused

ATTEMPT = {
    "txn_ref": "0d5f8c2a9b7e4f10a3c6d8e2b4f61973",
    "payment_url": "https://sandbox.vnpayment.vn/paymentv2/vpcpay.html?vnp_Amount=…",
    "amount": "1000000.00",
    "currency": "VND",
    "status": "pending",
    "is_being_checked": False,
    "expires_at": "2026-11-21T03:15:00Z",
}
STARTED = OpenApiExample(
    "Send the customer to payment_url", value=ATTEMPT, response_only=True, status_codes=["201"]
)
LISTED = OpenApiExample(
    "One that is being checked",
    value={**ATTEMPT, "status": "review", "is_being_checked": True},
    response_only=True,
)


class OrderPayments(APIView):
    refusals = {"post": [OrderExpired, OrderNotPayable, IdempotencyKeyReused]}

    @extend_schema(
        summary="List the attempts to pay one of my orders",
        description=(
            "The newest first. While one of them `is_being_checked`, nobody should pay again."
        ),
        operation_id="order_payments_list",
        responses=PaymentBody(many=True),
        examples=[LISTED],
    )
    def get(self, request: Request, code: str) -> Response:
        attempts = own_order(request, code).payments.order_by("-pk")
        return Response(PaymentBody(attempts, many=True).data)

    @extend_schema(
        summary="Start an attempt to pay",
        description=(
            "Several attempts are fine: each has its own link, until the order expires. None is "
            "started while an earlier one may have paid the order."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=PaymentRequest,
        responses={201: PaymentBody},
        examples=[
            OpenApiExample("At VNPay", value={"provider": "vnpay"}, request_only=True),
            STARTED,
        ],
    )
    def post(self, request: Request, code: str) -> Response:
        order = own_order(request, code)
        body = PaymentRequest(data=request.data)
        body.is_valid(raise_exception=True)
        idempotency = idempotency_of(request)
        payment = services.start_payment(
            order_id=order.pk,
            provider=body.validated_data["provider"],
            customer=customer_of(request, body.validated_data),
            idempotency_key=idempotency.key,
            request_digest=idempotency.digest,
        )
        return Response(PaymentBody(payment).data, status=status.HTTP_201_CREATED)


def customer_of(request: Request, body: dict[str, str]) -> Customer:
    """What the provider is told about the browser; the language defaults to the request's."""
    return Customer(
        address=request.META.get("REMOTE_ADDR", ""),
        locale=body.get("locale", spoken_locale()),
        bank_code=body.get("bank_code", ""),
    )
