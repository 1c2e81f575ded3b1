"""What answers look like, for the API's documentation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_ORDER: dict[str, Any] = {
    "code": "7KQ2M9XWPA4T",
    "status": "pending_payment",
    "event": "dem-nhac-trinh",
    "showing": 1,
    "email": "customer@example.com",
    "total_amount": "1000000.00",
    "refunded_amount": "0.00",
    "currency": "VND",
    "created_at": "2026-11-21T03:00:00Z",
    "expires_at": "2026-11-21T03:15:00Z",
    "paid_at": None,
    "seats": [
        {
            "id": 11,
            "area": "Stalls",
            "row": "A",
            "number": "11",
            "price": "500000.00",
            "status": "active",
        },
        {
            "id": 12,
            "area": "Stalls",
            "row": "A",
            "number": "12",
            "price": "500000.00",
            "status": "active",
        },
    ],
}

ORDER = OpenApiExample("An order", value=_ORDER, response_only=True)
ORDER_LISTED = OpenApiExample("One of the orders", value=_ORDER, response_only=True)
ORDER_CREATED = [
    OpenApiExample("Numbered seats", value={"showing": 1, "seats": [11, 12]}, request_only=True),
    OpenApiExample(
        "General admission", value={"showing": 2, "area": 9, "quantity": 3}, request_only=True
    ),
    OpenApiExample("The seats are held", value=_ORDER, response_only=True, status_codes=["201"]),
]
TICKET = OpenApiExample(
    "A ticket",
    value={
        "code": "9W4ZK2XQ7M3RT8VBPH6JDNAC5F",
        "status": "active",
        "event": "Đêm nhạc Trịnh",
        "showing": 1,
        "starts_at": "2026-12-20T12:30:00Z",
        "time_zone": "Asia/Ho_Chi_Minh",
        "area": "Stalls",
        "row": "A",
        "number": "11",
        "lets_in": True,
        "price": "500000.00",
        "issued_at": "2026-11-21T03:04:05Z",
        "used_at": None,
        "qr_url": "/api/v1/tickets/9W4ZK2XQ7M3RT8VBPH6JDNAC5F/qr.svg",
        "pdf_url": "/api/v1/tickets/9W4ZK2XQ7M3RT8VBPH6JDNAC5F/ticket.pdf",
    },
    response_only=True,
)
CHECKED_IN = [
    OpenApiExample(
        "A scanned ticket", value={"ticket": "9W4ZK2XQ7M3RT8VBPH6JDNAC5F"}, request_only=True
    ),
    OpenApiExample(
        "A ticket scanned at the door of a showing",
        value={
            "ticket": "9W4ZK2XQ7M3RT8VBPH6JDNAC5F",
            "showing": 1,
            "scan": "0d2b3f0e-8a53-4a5c-9f0e-6b1f4c6f2a11",
        },
        request_only=True,
    ),
    OpenApiExample(
        "The holder may go in",
        value={
            "code": "9W4ZK2XQ7M3RT8VBPH6JDNAC5F",
            "status": "used",
            "event": "Đêm nhạc Trịnh",
            "showing": 1,
            "starts_at": "2026-12-20T12:30:00Z",
            "time_zone": "Asia/Ho_Chi_Minh",
            "area": "Stalls",
            "row": "A",
            "number": "11",
            "used_at": "2026-12-20T12:05:41Z",
        },
        response_only=True,
    ),
]
