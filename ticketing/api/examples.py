"""What answers look like, for the API's documentation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_SHOWING: dict[str, Any] = {
    "id": 1,
    "starts_at": "2026-12-20T12:30:00Z",
    "ends_at": "2026-12-20T15:00:00Z",
    "ticket_sale_start": "2026-11-01T02:00:00Z",
    "ticket_sale_end": "2026-12-20T11:30:00Z",
    "time_zone": "Asia/Ho_Chi_Minh",
    "on_sale": True,
}
EVENT = OpenApiExample(
    "An event",
    value={
        "slug": "dem-nhac-trinh",
        "title": "Đêm nhạc Trịnh",
        "description": "",
        "venue": "Nhà hát Lớn",
        "organizer": {"name": "Saigon Stage", "slug": "saigon-stage"},
        "status": "published",
        "is_closed": False,
        "showings": [_SHOWING],
    },
    response_only=True,
)
SHOWING = OpenApiExample(
    "A showing with its areas",
    value={
        **_SHOWING,
        "event": "dem-nhac-trinh",
        "title": "Đêm nhạc Trịnh",
        "status": "published",
        "is_closed": False,
        "areas": [
            {
                "id": 3,
                "name": "Stalls",
                "price": "500000.00",
                "is_general_admission": False,
                "seats": {"available": 180, "held": 4, "sold": 90, "blocked": 6},
            }
        ],
    },
    response_only=True,
)
SEAT_MAP = OpenApiExample(
    "A seat map",
    value={
        "showing": 1,
        "cursor": "1288",
        "areas": [
            {
                "id": 3,
                "name": "Stalls",
                "rows": [
                    {
                        "id": 7,
                        "label": "A",
                        "seats": [[11, "11", "available"], [12, "12", "sold"]],
                    }
                ],
            }
        ],
    },
    response_only=True,
)
