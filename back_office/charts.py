"""Drawings of figures that stand in a table as well, by the Chart.js that comes with Unfold.

Its script reads them from attributes of a canvas, so that none of ours is needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from back_office.sales import DaySales

GREY = "#9ca3af"  # readable on white and on black
# In the place of Unfold's own, which write 0.5 orders and 4000000000 VND.
CHART_OPTIONS = json.dumps(
    {
        "responsive": True,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": False}},
        "scales": {
            "x": {
                "grid": {"display": False},
                "ticks": {"color": GREY, "maxRotation": 0, "autoSkipPadding": 16},
            },
            "y": {
                "beginAtZero": True,
                "border": {"display": False},
                "grid": {"tickWidth": 0},
                "ticks": {
                    "color": GREY,
                    "precision": 0,
                    "maxTicksLimit": 6,
                    "format": {"notation": "compact"},
                },
            },
        },
    }
)


@dataclass(frozen=True)
class Chart:
    """A title, and what Chart.js wants."""

    title: str
    data: str
    options: str = CHART_OPTIONS


def of_days(days: Sequence[DaySales], *, with_money: bool) -> list[Chart]:
    """Orders for everybody; for those who read revenue money as well."""
    charts = [_chart(_("Paid orders per day"), days, [each.orders for each in days])]
    if with_money:
        kept = [int(each.earned.payable or 0) for each in days]
        charts.append(_chart(_("Money kept per day, in VND"), days, kept))
    return charts


def _chart(title: str, days: Sequence[DaySales], values: Sequence[int]) -> Chart:
    bars = {
        "label": title,
        "data": list(values),
        "backgroundColor": "var(--color-primary-600)",
        "borderRadius": 4,
    }
    labels = [f"{each.day:%d/%m}" for each in days]
    return Chart(title, json.dumps({"labels": labels, "datasets": [bars]}))
