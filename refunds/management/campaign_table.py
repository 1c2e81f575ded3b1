"""What `run_campaign` prints: a dry run and a report, as small tables."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from refunds.services.campaigns import Preview, Report
from ticketing.models import Event

MONEY = {
    "sold": "they were sold for",
    "refunded": "went back already",
    "reserved": "approved, on the way back",
    "left": "left to go back",
}
TO_KNOW = {
    "partly_refunded": "orders partly refunded before",
    "on_their_way": "orders with a refund that is approved",
    "waiting_requests": "orders with requests that this rejects and covers",
    "used": "orders with used tickets, refunded all the same",
    "second_payments": "late and second payments, each with its own refund",
}
BY_HAND = {
    "failed_refunds": "orders with a refund that the provider did not pay out",
    "overridden": "orders of which an override kept money",
    "without_payment": "orders without a payment that could give the money back",
}
STATES = {
    "waiting": "orders waiting",
    "refunding": "orders whose money is on its way",
    "done": "orders refunded",
    "listed": "orders that a person has to look at",
}


def preview_lines(event: Event, preview: Preview) -> list[str]:
    return [
        f"{event} – dry run, nothing was changed.",
        _line("paid orders", preview.totals["orders"]),
        *_money(preview.totals),
        *_counted(TO_KNOW, preview.obstacles),
        _line("orders that wait for payment and will be ended", preview.pending),
        "For a person:",
        *_counted(BY_HAND, preview.obstacles),
    ]


def report_lines(report: Report) -> list[str]:
    campaign = report.campaign
    return [
        f"{campaign} – campaign {campaign.pk} is {campaign.get_status_display()}.",
        *_counted(STATES, report.counts),
        *_money(report.totals),
    ]


def _counted(names: Mapping[str, str], counts: Mapping[str, int]) -> list[str]:
    return [_line(text, counts[name]) for name, text in names.items()]


def _money(totals: Mapping[str, str | int]) -> list[str]:
    return [_line(text, Decimal(totals[name]), " VND") for name, text in MONEY.items()]


def _line(text: str, figure: Decimal | int | str, unit: str = "") -> str:
    return f"  {text:<56}{Decimal(figure):>18,f}{unit}"
