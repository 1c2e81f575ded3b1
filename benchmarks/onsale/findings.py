"""What an on-sale came to: figures for people, and the checks that must hold."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from django.db import connection

from benchmarks.onsale.diary import Diary, Visit
from benchmarks.onsale.house import House
from benchmarks.onsale.people import CROWD
from orders.models import Order, SeatHold, Ticket
from ticketing.invariants import violations

REFUSED = ": "  # stands between what was asked and the code of the refusal
GROUPS = 10

SOLD_TWICE = """
SELECT count(*) FROM (
    SELECT seat_id FROM orders_ticket WHERE showing_id = %s AND status <> 'refunded'
    GROUP BY seat_id HAVING count(*) > 1) AS twice
"""


@dataclass(frozen=True)
class Findings:
    """All that the report tells; `broken` must be empty."""

    figures: dict[str, float | int]
    waits: dict[str, dict[str, float | int]]
    refusals: dict[str, int]
    per_minute: list[tuple[float, int]]
    sold: list[tuple[float, int]]
    served_by_arrival: list[tuple[int, float]]
    """How many of a hundred got tickets, by tenths of the crowd in the order of arrival."""
    places_by_kind: dict[str, int]
    broken: list[str] = field(default_factory=list)


def examine(diary: Diary, house: House) -> Findings:
    """Compare what the buyers saw with what the database holds."""
    seconds = max((moment.second for moment in diary.moments), default=0.0)
    acknowledged = sum(len(visit.orders) for visit in diary.visits)
    holds = SeatHold.objects.filter(showing=house.showing)
    figures: dict[str, float | int] = {
        "buyers": len(diary.visits),
        "places": house.places,
        "seconds": round(seconds, 1),
        "orders acknowledged": acknowledged,
        "orders per minute": round(acknowledged / max(seconds, 1) * 60),
        "orders paid": diary.counts["order paid"],
        "places sold": Ticket.objects.live().filter(showing=house.showing).count(),
        "places held, then freed": holds.filter(status="released").count(),
        "refunds asked for": diary.counts["refund"],
        "left without a place": diary.counts["left without"],
    }
    return Findings(
        figures=figures,
        waits={what: _spread(times) for what, times in sorted(diary.waits().items())},
        refusals={what: n for what, n in diary.counts.most_common() if REFUSED in what},
        per_minute=_per_minute(diary.curve("order", step=5)),
        sold=diary.curve("order paid", step=5),
        served_by_arrival=_served(diary.visits),
        places_by_kind=_places_by_kind(diary.visits),
        broken=_broken(diary, house),
    )


def _spread(times: list[float]) -> dict[str, float | int]:
    """Milliseconds."""
    # Of a single time there are no quantiles: it stands for all of them.
    cuts = quantiles(times, n=100) if len(times) > 1 else times * 99
    chosen = {
        "median": cuts[49],
        "95 of 100": cuts[94],
        "99 of 100": cuts[98],
        "longest": max(times),
    }
    return {"requests": len(times), **{name: round(cut * 1000) for name, cut in chosen.items()}}


def _per_minute(curve: list[tuple[float, int]]) -> list[tuple[float, int]]:
    rates = []
    for (before, had), (second, has) in itertools.pairwise(curve):
        rates.append((second, round((has - had) * 60 / (second - before))))
    return rates


def _served(visits: list[Visit]) -> list[tuple[int, float]]:
    """Of those who wanted to keep their tickets; programs are left out."""
    wanting = [visit for visit in visits if visit.kind == "payer"]
    found = []
    for group in range(GROUPS):
        part = wanting[group * len(wanting) // GROUPS : (group + 1) * len(wanting) // GROUPS]
        if part:
            served = sum(bool(visit.paid) for visit in part)
            found.append((group + 1, round(100 * served / len(part), 1)))
    return found


def _places_by_kind(visits: list[Visit]) -> dict[str, int]:
    places = Counter(dict.fromkeys(CROWD, 0))
    for visit in visits:
        places[visit.kind] += visit.places
    return dict(places)


def _broken(diary: Diary, house: House) -> list[str]:
    rules = [f"{rule}: {count}" for rule, count in violations().items() if count]
    return rules + _lost(diary) + sold_twice(house)


def _lost(diary: Diary) -> list[str]:
    codes = {code for visit in diary.visits for code in visit.orders}
    lost = codes - set(Order.objects.filter(code__in=codes).values_list("code", flat=True))
    return [f"{len(lost)} acknowledged orders are gone"] if lost else []


def sold_twice(house: House) -> list[str]:
    """In words, if any place has two tickets that let somebody in."""
    with connection.cursor() as cursor:
        cursor.execute(SOLD_TWICE, [house.showing])
        (twice,) = cursor.fetchone()
    return [f"{twice} places have two tickets"] if twice else []


def as_json(findings: Findings, **about: Any) -> dict[str, Any]:
    return {**about, **vars(findings)}
