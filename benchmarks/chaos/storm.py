"""A shop at work, somebody who breaks things around it, and what is left of it afterwards."""

from __future__ import annotations

import asyncio
import itertools
import random
import time

from benchmarks.chaos import proof
from benchmarks.chaos.faults import Troublemaker
from benchmarks.chaos.fleet import Fleet
from benchmarks.chaos.shoppers import Diary, Shopper
from benchmarks.onsale.house import House, known_admin, open_house, tokens_of
from benchmarks.onsale.shop import Lines, Shop
from sandbox.run import addresses, say
from ticketing.connections import close_all_connections
from ticketing.models import Seat

CUSTOMERS = 400
PLACES = 6_000
# Everybody chooses among so few that some come too late.
WANTED_SEATS = 1_000
SETTLE_SECONDS = 300.0
PATIENCE = 15.0  # of a client, for one answer


def break_everything(fleet: Fleet, *, seconds: float, shoppers: int, seed: int) -> int:
    """Sell and break for so long, print the figures; 1 if a promise was broken."""
    house, tokens = open_house(PLACES), tokens_of(CUSTOMERS)
    seats = list(
        Seat.objects.filter(showing=house.showing).exclude(area=house.standing).order_by("pk")
    )
    wanted = [seat.pk for seat in seats[:WANTED_SEATS]]
    close_all_connections()
    troublemaker = Troublemaker(fleet, seed, tell=say)
    troublemaker.start()
    try:
        diary = asyncio.run(_sell(fleet, house, wanted, tokens, seconds, shoppers))
    finally:
        troublemaker.end()
    say("The shop is closed; waiting for the last orders, refunds and jobs …")
    broken = proof.wait_until_settled(SETTLE_SECONDS, admin=known_admin(), tell=say)
    broken += proof.broken_promises(diary, house, addresses(fleet.environment)["sandbox"])
    broken += [] if diary.charged else ["Nobody bought anything, so nothing was shown."]
    _tell_figures(diary, troublemaker.recoveries)
    say("\n".join(f"BROKEN: {promise}" for promise in broken) or "Every promise was kept.")
    close_all_connections()
    return int(bool(broken))


async def _sell(
    fleet: Fleet, house: House, seats: list[int], tokens: list[str], seconds: float, shoppers: int
) -> Diary:
    ports = [int(fleet.environment[name]) for name in ("PORT", "SANDBOX_PORT")]
    shop = Shop(*(Lines(port, shoppers, patience=PATIENCE) for port in ports))
    diary, turns = Diary(), itertools.cycle(tokens)
    deadline = time.monotonic() + seconds
    people = [
        Shopper(shop, house, seats, turns, diary, random.Random(number))
        for number in range(shoppers)
    ]
    await asyncio.gather(*(person.buy_until(deadline) for person in people))
    return diary


def _tell_figures(diary: Diary, recoveries: dict[str, list[float]]) -> None:
    say(f"\n{'fault':<32}{'times':>6}{'all well after':>16}{'at the longest':>16}")
    for name, times in recoveries.items():
        if times:
            mean, longest = sum(times) / len(times), max(times)
            say(f"{name:<32}{len(times):>6}{mean:>14.1f} s{longest:>14.1f} s")
    told = {
        "faults": sum(len(times) for times in recoveries.values()),
        "orders acknowledged": len(diary.orders),
        "orders paid for": len(diary.charged),
        "refunds acknowledged": len(diary.refunds),
        "requests by status": _in_words(diary),
        "customers who had to try again": len(diary.outages),
        "longest outage a customer saw": f"{max(diary.outages, default=0):.1f} s",
        "longest wait for a 503": f"{max(diary.busy_waits, default=0):.1f} s",
    }
    say("")
    for what, figure in told.items():
        say(f"{what:<32}{figure}")
    say("")


def _in_words(diary: Diary) -> str:
    names = {0: "no answer"}
    counts = sorted(diary.statuses.items())
    return ", ".join(f"{names.get(status, status)} {count:,}" for status, count in counts)
