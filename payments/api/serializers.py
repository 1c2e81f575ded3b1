from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from orders.api.serializers import utc
from payments.models import Payment
from payments.providers import PROVIDERS


class PaymentRequest(serializers.Serializer[Any]):
    """How the customer wants to pay. Without a bank code the provider's page asks for one."""

    provider = serializers.ChoiceField(choices=sorted(PROVIDERS))
    bank_code = serializers.RegexField(r"^[A-Za-z0-9]{3,20}$", required=False)
    locale = serializers.ChoiceField(choices=["vn", "en"], required=False)


class PaymentBody(serializers.ModelSerializer[Payment]):
    is_being_checked = serializers.BooleanField(
        read_only=True,
        help_text="Whether the order may turn out to be paid by it. Nobody should pay meanwhile, "
        "and no further attempt is started.",
    )

    class Meta:
        model = Payment
        fields = [
            "txn_ref",
            "payment_url",
            "amount",
            "currency",
            "status",
            "is_being_checked",
            "expires_at",
        ]
        read_only_fields = fields

    def to_representation(self, payment: Payment) -> dict[str, Any]:
        """By hand: DRF would make its fields anew for each answer, at the cost of a query."""
        return {
            "txn_ref": payment.txn_ref,
            "payment_url": payment.payment_url,
            "amount": f"{payment.amount:.2f}",
            "currency": payment.currency,
            "status": payment.status,
            "is_being_checked": payment.is_being_checked(timezone.now()),
            "expires_at": utc(payment.expires_at),
        }
