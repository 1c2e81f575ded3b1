"""What answers look like, for the API's documentation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_TICKET = "9W4ZK2XQ7M3RT8VBPH6JDNAC5F"
_EXPLANATION: list[dict[str, Any]] = [
    {
        "rule": "percentage",
        "inputs": {"base": "500000.00", "percentage": "80"},
        "result": "400000.00",
        "text": "80 % of 500,000 VND is 400,000 VND.",
    },
]
_QUOTE: dict[str, Any] = {
    "percentage": 80,
    "base_amount": "500000.00",
    "amount": "400000.00",
    "currency": "VND",
    "calculation_basis": "tickets",
    "decided_by": "organizer",
    "tickets": [_TICKET],
    "explanation": _EXPLANATION,
}
_REFUND: dict[str, Any] = {
    "id": 17,
    "order": "7KQ2M9XWPA4T",
    "reason": "personal",
    "status": "pending_organizer",
    "percentage": 80,
    "base_amount": "500000.00",
    "amount": "400000.00",
    "currency": "VND",
    "calculation_basis": "tickets",
    "tickets": [_TICKET],
    "requested_at": "2026-11-22T08:15:00Z",
    "decision_at": None,
    "processed_at": None,
    "rejection_reason": "",
    "explanation": _EXPLANATION,
}
_ASKED = [
    OpenApiExample(
        "Some tickets", value={"reason": "personal", "tickets": [_TICKET]}, request_only=True
    ),
    OpenApiExample("The whole order", value={"reason": "postponed"}, request_only=True),
]

_ASKED_AS_QUOTED = [
    OpenApiExample(
        "Some tickets, for the amount that was shown",
        value={"reason": "personal", "tickets": [_TICKET], "quoted_amount": "400000.00"},
        request_only=True,
    ),
    _ASKED[1],
]

QUOTED = [*_ASKED, OpenApiExample("A quote", value=_QUOTE, response_only=True)]
REFUND = OpenApiExample("A refund", value=_REFUND, response_only=True)
REFUND_LISTED = OpenApiExample("One of the refunds", value=_REFUND, response_only=True)
REFUND_CREATED = [
    *_ASKED_AS_QUOTED,
    OpenApiExample(
        "The organizer decides", value=_REFUND, response_only=True, status_codes=["201"]
    ),
]
