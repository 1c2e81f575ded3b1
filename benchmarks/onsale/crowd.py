"""Let the crowd in: who comes when, all at the same time, until everybody has left."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.onsale.diary import Diary, Visit
from benchmarks.onsale.house import House
from benchmarks.onsale.people import CROWD, Person
from benchmarks.onsale.shop import Lines, Shop

PROVIDER_LINES = 16
# So many stand before the door and come within the first tenth of the time.
EAGER = 0.6


@dataclass(frozen=True)
class Plan:
    """How the crowd comes. `seconds`: until the last one arrives; `lines`: connections at most."""

    seconds: float
    pace: float
    lines: int
    seed: int
    product_port: int
    provider_port: int


async def let_in(
    plan: Plan, house: House, tokens: list[str], *, tell: Callable[[Diary], None]
) -> Diary:
    """Run everybody to the end; `tell` is called every second meanwhile."""
    chance = random.Random(plan.seed)
    shop = Shop(Lines(plan.product_port, plan.lines), Lines(plan.provider_port, PROVIDER_LINES))
    arrivals = sorted(_arrival(chance, plan.seconds) for _ in tokens)
    kinds = chance.choices(list(CROWD), weights=list(CROWD.values()), k=len(tokens))
    diary = Diary()
    for rank, (kind, arrival) in enumerate(zip(kinds, arrivals, strict=True)):
        diary.visits.append(Visit(rank, kind, arrival))
    people = [
        Person(visit, token, shop, house, diary, random.Random(chance.random()), plan.pace)
        for visit, token in zip(diary.visits, tokens, strict=True)
    ]
    teller = asyncio.create_task(_tell(diary, tell))
    await asyncio.gather(*(_come(person) for person in people))
    teller.cancel()
    tell(diary)
    return diary


def _arrival(chance: random.Random, seconds: float) -> float:
    is_eager = chance.random() < EAGER
    return chance.uniform(0, seconds / 10 if is_eager else seconds)


async def _come(person: Person) -> None:
    await asyncio.sleep(person.visit.arrived)
    await person.come()


async def _tell(diary: Diary, tell: Callable[[Diary], None]) -> None:
    while True:
        await asyncio.sleep(1)
        tell(diary)
