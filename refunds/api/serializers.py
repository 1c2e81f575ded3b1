from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from orders.api.serializers import ShortList, TicketCodeField
from refunds.explanations import in_language
from refunds.models import Refund
from refunds.operations.claims import Claim
from refunds.policy import Reason

ASKED_FOR = [Reason.PERSONAL, Reason.POSTPONED, Reason.CANCELLED, Reason.FRAUD]


@extend_schema_field(
    {"type": "string", "format": "decimal", "pattern": r"^\d{1,12}(?:\.\d{1,2})?$"}
)
class AskedAmount(serializers.DecimalField):
    """Described without a minus, which answers have neither."""


class RefundRequest(serializers.Serializer[Any]):
    """`tickets` are for a personal reason only; the others cover the whole order."""

    reason = serializers.ChoiceField(choices=[reason.value for reason in ASKED_FOR])
    tickets = ShortList(
        child=TicketCodeField(),
        required=False,
        help_text="Codes of the tickets to give back; all that can be given back if left out.",
    )

    def validate_reason(self, reason: str) -> Reason:
        return Reason(reason)

    def validate_tickets(self, codes: list[str]) -> list[str]:
        if len(set(codes)) < len(codes):
            raise serializers.ValidationError(_("A ticket is listed twice."))
        return codes

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["reason"] is not Reason.PERSONAL and "tickets" in body:
            raise serializers.ValidationError(
                {"tickets": [_("Leave them out: for this reason the whole order is refunded.")]}
            )
        return body


class RefundOrder(RefundRequest):
    """The same, to be carried out. `quoted_amount` is the amount that the customer has seen."""

    quoted_amount = AskedAmount(
        max_digits=14,
        decimal_places=2,
        min_value=Decimal(0),
        required=False,
        help_text="The `amount` of the quote; nothing is asked for unless it still goes back.",
    )


class StepBody(serializers.Serializer[Any]):
    """One step of the policy, in the order of the calculation."""

    rule = serializers.CharField()
    inputs = serializers.DictField(child=serializers.CharField())
    result = serializers.CharField()
    text = serializers.CharField(help_text="The step in words, in the language asked for.")


class QuoteBody(serializers.Serializer[Claim]):
    percentage = serializers.IntegerField(source="assessment.percentage")
    base_amount = serializers.DecimalField(14, 2, source="assessment.base_amount")
    amount = serializers.DecimalField(14, 2, source="assessment.amount")
    currency = serializers.CharField(source="order.currency")
    calculation_basis = serializers.CharField(source="assessment.basis")
    decided_by = serializers.ChoiceField(
        choices=["automatic", "organizer", "admin"], source="assessment.decided_by"
    )
    tickets = serializers.SerializerMethodField()
    explanation = serializers.SerializerMethodField()

    def get_tickets(self, claim: Claim) -> list[str]:
        return [ticket.code for ticket in claim.tickets]

    @extend_schema_field(StepBody(many=True))
    def get_explanation(self, claim: Claim) -> list[dict[str, Any]]:
        return in_language(claim.explanation)


class RefundBody(serializers.ModelSerializer[Refund]):
    order = serializers.CharField(source="order.code")
    percentage = serializers.IntegerField(source="percentage_applied")
    tickets = serializers.SerializerMethodField()
    explanation = serializers.SerializerMethodField()

    class Meta:
        model = Refund
        fields = [
            "id",
            "order",
            "reason",
            "status",
            "percentage",
            "base_amount",
            "amount",
            "currency",
            "calculation_basis",
            "tickets",
            "requested_at",
            "decision_at",
            "processed_at",
            "rejection_reason",
            "explanation",
        ]
        read_only_fields = fields

    def get_tickets(self, refund: Refund) -> list[str]:
        shown = cast("Any", refund).shown_tickets
        return [each.ticket.code for each in shown]

    @extend_schema_field(StepBody(many=True))
    def get_explanation(self, refund: Refund) -> list[dict[str, Any]]:
        return in_language(refund.explanation)
