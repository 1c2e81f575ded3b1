"""What there is to see: sales, and an order, a refund and a payment in each state of interest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from sandbox.shop import Failed, Shop, pay_at_vnpay, wait_while

CONCERT, FINAL, FAIR, FRAUD = (
    "dem-nhac-trinh",
    "chung-ket-cup-quoc-gia",
    "hoi-sach-mua-thu",
    "sieu-sao-bi-an",
)
SUSPECT = "Siêu sao bí ẩn"  # the title of the last
# who buys how many seats beside each other: area, row, first number
SALES = [
    (CONCERT, 1, "Stalls", "A", 5, 8),
    (CONCERT, 2, "Stalls", "B", 3, 6),
    (CONCERT, 3, "Stalls", "C", 9, 8),
    (CONCERT, 4, "Stalls", "D", 11, 4),
    (CONCERT, 5, "Stalls", "E", 7, 6),
    (CONCERT, 6, "Stalls", "H", 12, 3),
    (CONCERT, 7, "Circle", "A", 6, 8),
    (CONCERT, 8, "Circle", "B", 4, 5),
    (CONCERT, 9, "Balcony", "A", 3, 4),
    (CONCERT, 10, "Balcony", "B", 7, 2),
    (FINAL, 3, "Stand A", "12", 90, 10),
    (FINAL, 4, "Stand A", "13", 94, 8),
    (FINAL, 5, "Stand C", "20", 60, 6),
    (FRAUD, 1, "Hall", "A", 1, 4),
    (FRAUD, 2, "Hall", "A", 5, 4),
    (FRAUD, 6, "Hall", "B", 3, 2),
    (FRAUD, 11, "Hall", "C", 4, 3),
]


class World:
    """The demo's customers at work. `places` fills the braces of addresses in the table."""

    def __init__(self, public: str, sandbox: str) -> None:
        self.public, self.sandbox = public, sandbox
        self.customer = Shop("customer@example.com", public)
        self.others: dict[int, Shop] = {}
        self.showings = {slug: self._showing(slug) for slug in (CONCERT, FINAL, FAIR, FRAUD)}
        self.places = {
            "concert": str(self.showings[CONCERT]),
            "final": str(self.showings[FINAL]),
            "fair": str(self.showings[FAIR]),
        }

    def make(self) -> None:
        """Let everything happen; raises Failed when something ends otherwise than planned."""
        orders = [self._sell(*sale) for sale in SALES]
        for number in (0, 3, 8):
            self._ask_back(self._other(SALES[number][1]), orders[number], tickets=2)
        self._odd_payments()
        self._for_the_door()
        self._own_orders()
        self._own_refunds()

    def _own_orders(self) -> None:
        """One that is paid, one that could not be, one whose money came late, one that waits."""
        me, places = self.customer, self.places
        paid = self._order(me, CONCERT, "Circle", "D", 9, 2)
        places |= {"paid": paid["code"], "paid_return": self._pay(me, paid)}
        failed = self._order(me, CONCERT, "Stalls", "K", 3, 2)
        places["failed_return"] = self._pay(me, failed, "insufficient")
        self._cancel(me, failed)
        late = self._order(me, CONCERT, "Stalls", "L", 6, 1)
        link = self._link(me, late)["payment_url"]
        self._cancel(me, late)
        places["late"] = late["code"]
        places["late_return"] = self._back(pay_at_vnpay(link, self.sandbox))
        waiting = self._order(me, CONCERT, "Stalls", "F", 11, 2)
        places |= {"waiting": waiting["code"], "vnpay": self._link(me, waiting)["payment_url"]}

    def _own_refunds(self) -> None:
        """One that is paid back by now, one that waits for the organizer."""
        me = self.customer
        back = self._bought(me, FINAL, "Stand B", "5", 100, 3)
        refund = self._ask_back(me, back, tickets=1)
        status = wait_while(me, f"refunds/{refund['id']}/", ["approved", "processing"])
        if status != "partial":
            raise Failed(f"The refund is {status}.")
        asked = self._bought(me, CONCERT, "Balcony", "C", 8, 2)
        self.places |= {"back": back["code"], "asked": asked["code"]}
        self._ask_back(me, asked, tickets=1)

    def _for_the_door(self) -> None:
        """Places that are free of charge; one of their tickets is for the picture of the door."""
        shop = self._other(9)
        fair = shop.get(f"showings/{self.showings[FAIR]}/seats/")
        wish = {"showing": self.showings[FAIR], "area": fair["areas"][0]["id"], "quantity": 4}
        order = shop.post("orders/", wish)
        tickets = shop.get(f"orders/{order['code']}/tickets/")
        self.places["ticket"] = tickets[0]["code"]

    def _odd_payments(self) -> None:
        """A wrong amount, suspected fraud, and a refund that the provider takes back."""
        for number, weather in ((7, {"wrong_amount": True}), (8, {"code_07": True})):
            shop = self._other(number)
            link = self._link(shop, self._order(shop, CONCERT, "Stalls", "M", 2 * number - 12, 1))
            self._weather(link["txn_ref"], weather)
            self._back(pay_at_vnpay(link["payment_url"], self.sandbox))
        unlucky = self._other(12)
        order = self._order(unlucky, FINAL, "Stand D", "10", 80, 2)
        link = self._link(unlucky, order)
        self._weather(link["txn_ref"], {"refund_outcome": "processing_then_rejected"})
        self._back(pay_at_vnpay(link["payment_url"], self.sandbox))
        wait_while(unlucky, f"orders/{order['code']}/", ["pending_payment"])
        self._ask_back(unlucky, order, tickets=2)

    def _sell(self, slug: str, number: int, area: str, row: str, first: int, count: int) -> Any:
        return self._bought(self._other(number), slug, area, row, first, count)

    def _bought(self, shop: Shop, slug: str, area: str, row: str, first: int, count: int) -> Any:
        order = self._order(shop, slug, area, row, first, count)
        self._pay(shop, order)
        return order

    def _order(self, shop: Shop, slug: str, area: str, row: str, first: int, count: int) -> Any:
        wanted = {str(number) for number in range(first, first + count)}
        seats = [pk for pk, number, _ in self._row(shop, slug, area, row) if number in wanted]
        return shop.post("orders/", {"showing": self.showings[slug], "seats": seats})

    def _row(self, shop: Shop, slug: str, area: str, row: str) -> Iterable[tuple[int, str, str]]:
        seat_map = shop.get(f"showings/{self.showings[slug]}/seats/")
        rows = next(each["rows"] for each in seat_map["areas"] if each["name"] == area)
        seats: list[tuple[int, str, str]] = next(r["seats"] for r in rows if r["label"] == row)
        return seats

    def _link(self, shop: Shop, order: Any) -> Any:
        return shop.post(f"orders/{order['code']}/payments/", {"provider": "vnpay"})

    def _pay(self, shop: Shop, order: Any, outcome: str = "success") -> str:
        """Pay and come back; the address of the return page, without the host."""
        link = self._link(shop, order)["payment_url"]
        came_back = self._back(pay_at_vnpay(link, self.sandbox, outcome))
        if outcome == "success":
            wait_while(shop, f"orders/{order['code']}/", ["pending_payment"])
        return came_back

    def _cancel(self, shop: Shop, order: Any) -> None:
        shop.post(f"orders/{order['code']}/cancel/", {})

    def _back(self, return_url: str) -> str:
        httpx.get(return_url, trust_env=False, timeout=30)
        return return_url.removeprefix(self.public)

    def _ask_back(self, shop: Shop, order: Any, *, tickets: int) -> Any:
        held = shop.get(f"orders/{order['code']}/tickets/")
        codes = [ticket["code"] for ticket in held[:tickets]]
        return shop.post(
            f"orders/{order['code']}/refunds/", {"reason": "personal", "tickets": codes}
        )

    def _weather(self, txn_ref: str, switches: Mapping[str, object]) -> None:
        address = f"{self.sandbox}/control/weather/{txn_ref}"
        httpx.put(address, json=switches, trust_env=False).raise_for_status()

    def _other(self, number: int) -> Shop:
        if number not in self.others:
            self.others[number] = Shop(f"customer{number}@example.com", self.public)
        return self.others[number]

    def _showing(self, slug: str) -> int:
        found: int = self.customer.get(f"events/{slug}/")["showings"][0]["id"]
        return found
