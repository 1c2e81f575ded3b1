"""Why customers want their money back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from back_office.reader import Reader, address_of_list
from refunds.models import Refund, RefundReason
from ticketing.business_time import midnight


@dataclass(frozen=True)
class Reason:
    """The refunds asked for with one reason, and their part of all."""

    label: str
    count: int
    percent: int
    address: str


def refunds_by_reason(reader: Reader, since: date) -> list[Reason]:
    """The refunds asked for since the beginning of that day, most frequent reason first."""
    start = midnight(since)
    asked = reader.rows(Refund).filter(requested_at__gte=start)
    counts = dict(asked.values_list("reason").annotate(count=Count("pk")).order_by("-count"))
    total = sum(counts.values())
    return [
        Reason(
            str(RefundReason(reason).label),
            count,
            round(100 * count / total),
            address_of_list(
                Refund, {"reason__exact": reason, "requested_at__gte": start.isoformat()}
            ),
        )
        for reason, count in counts.items()
    ]
