"""The days in which sales are counted: those of the business, not of UTC."""

from __future__ import annotations

from datetime import date, timedelta

from ticketing.business_time import midnight


def bounds(day: date) -> dict[str, str]:
    """`paid_at` of a list's filters for a day."""
    end = midnight(day + timedelta(days=1))
    return {"paid_at__gte": midnight(day).isoformat(), "paid_at__lt": end.isoformat()}


def last_days(today: date, count: int) -> list[date]:
    """So many days, the last of them today."""
    return [today - timedelta(days=back) for back in reversed(range(count))]
