"""How the different people behave who come to an on-sale."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from benchmarks.onsale.diary import Diary, Visit
from benchmarks.onsale.house import House
from benchmarks.onsale.plan import SeatPlan
from benchmarks.onsale.shop import Reply, Shop

# Who comes, and how many of a hundred.
CROWD = {"payer": 78, "abandoner": 10, "refunder": 5, "canceller": 4, "bot": 3}

TRIES = 4  # how often somebody chooses anew after others were faster
PATIENCE = 3  # how often somebody looks again whether places were given back
STAYS = 600  # seconds until somebody without places gives up
STANDING_SHARE = 0.2
BOT_ORDERS = 3
BOT_PLACES = 8
SETTLED_CHECKS = 40


@dataclass
class Person:
    """One buyer at work. `pace` stretches every pause; 0 leaves them out."""

    visit: Visit
    token: str
    shop: Shop
    house: House
    diary: Diary
    chance: random.Random
    pace: float

    def __post_init__(self) -> None:
        self.plan = SeatPlan(self.house)

    async def come(self) -> None:
        """Stay until served, refused for good, or tired."""
        self.diary.note(self.visit, "arrived")
        await BEHAVIOURS[self.visit.kind](self)
        self.visit.left = self.diary.now()

    async def pause(self, median: float) -> None:
        await asyncio.sleep(self.pace * self.chance.lognormvariate(0, 0.6) * median)

    async def ask(self, what: str, request: Coroutine[Any, Any, Reply]) -> Reply:
        """Send it and note how long it took; a refusal is noted with its code."""
        reply = await request
        is_fine = 200 <= reply.status < 300
        self.diary.note(self.visit, what if is_fine else f"{what}: {reply.code}", reply.waited)
        return reply

    async def hold_two(self) -> str:
        """Try to get two places; the order's code, or "" when there were none for this person."""
        for _ in range(PATIENCE):
            if self._is_tired():
                break
            free = await self._free_places()
            if any(count >= 2 for count in free.values()):
                code = await self._choose(may_stand=free.get(self.house.standing, 0) >= 2)
                if code:
                    return code
            await self.pause(20)
        self.diary.note(self.visit, "left without")
        return ""

    def _is_tired(self) -> bool:
        return self.diary.now() - self.visit.arrived > STAYS

    async def _free_places(self) -> dict[int, int]:
        """By area; nothing when the page did not come."""
        path = f"showings/{self.house.showing}/"
        reply = await self.ask("look", self.shop.get(path, self.token))
        areas = reply.body["areas"] if reply.status == 200 else []
        return {area["id"]: int(area["seats"]["available"]) for area in areas}

    async def _choose(self, *, may_stand: bool) -> str:
        for _ in range(TRIES):
            wish = await self._wish(may_stand=may_stand)
            if wish is None or self._is_tired():
                return ""
            await self.pause(4)
            code = await self.order(wish)
            if code:
                return code
        return ""

    async def _wish(self, *, may_stand: bool) -> dict[str, Any] | None:
        standing = {"area": self.house.standing, "quantity": 2} if may_stand else None
        if standing and self.chance.random() < STANDING_SHARE:
            return standing
        await self._look_at_plan()
        pairs = self.plan.front_pairs()
        return {"seats": self.chance.choice(pairs)} if pairs else standing

    async def _look_at_plan(self) -> None:
        """The whole of it for once, afterwards what changed, as the pages do."""
        path, what = f"showings/{self.house.showing}/seats/", "seat map"
        if self.plan.cursor:
            path, what = f"{path}?since={self.plan.cursor}", "seat map again"
        reply = await self.ask(what, self.shop.get(path, self.token))
        if reply.status == 200:
            self.plan.read(reply.body)

    async def order(self, wish: dict[str, Any]) -> str:
        """The code of the order, or "" when it was refused."""
        body = {"showing": self.house.showing, **wish}
        reply = await self.ask("order", self.shop.post("orders/", self.token, body))
        if reply.status != 201:
            return ""
        code = str(reply.body["code"])
        self.visit.orders.append(code)
        return code

    async def pay(self, code: str) -> bool:
        """Go to the provider, pay, come back and look until the order is settled."""
        await self.pause(8)
        body = {"provider": "vnpay"}
        path = f"orders/{code}/payments/"
        link = await self.ask("pay link", self.shop.post(path, self.token, body))
        if link.status != 201:
            return False
        await self.pause(8)
        await self.ask("pay at provider", self.shop.pay(link.body["payment_url"]))
        return await self._is_paid(code)

    async def _is_paid(self, code: str) -> bool:
        for _ in range(SETTLED_CHECKS):
            reply = await self.ask("order page", self.shop.get(f"orders/{code}/", self.token))
            status = reply.body["status"] if reply.status == 200 else "pending_payment"
            if status != "pending_payment":
                break
            await asyncio.sleep(0.5)
        self.diary.note(self.visit, f"order {status}")
        if status != "paid":
            return False
        self.visit.paid.append(code)
        self.visit.places += len(reply.body["seats"])
        return True


async def pays(person: Person) -> None:
    """Buys two and is happy."""
    code = await person.hold_two()
    if code:
        await person.pay(code)


async def abandons(person: Person) -> None:
    """Holds two and never comes back: the hold has to expire."""
    await person.hold_two()


async def cancels(person: Person) -> None:
    """Thinks again and gives them back at once."""
    code = await person.hold_two()
    if code:
        await person.pause(10)
        path = f"orders/{code}/cancel/"
        await person.ask("cancel", person.shop.post(path, person.token, {}))


async def asks_for_a_refund(person: Person) -> None:
    """Buys two, then wants the money back."""
    code = await person.hold_two()
    if code and await person.pay(code):
        await person.pause(10)
        path, wish = f"orders/{code}/refunds/", {"reason": "personal"}
        await person.ask("refund", person.shop.post(path, person.token, wish))


async def grabs(person: Person) -> None:
    """A program: no pauses, as many places as the rules allow, pays for a part of them."""
    person.pace = 0
    wish = {"area": person.house.standing, "quantity": BOT_PLACES}
    codes = [await person.order(wish) for _ in range(BOT_ORDERS)]
    codes += [await person.hold_two() for _ in range(BOT_ORDERS)]
    for code in list(filter(None, codes))[:1]:
        await person.pay(code)


BEHAVIOURS: dict[str, Callable[[Person], Coroutine[Any, Any, None]]] = {
    "payer": pays,
    "abandoner": abandons,
    "canceller": cancels,
    "refunder": asks_for_a_refund,
    "bot": grabs,
}
