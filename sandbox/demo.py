"""`make demo`: buy tickets, go in, give one back; through public HTTP only, saying each step."""

from __future__ import annotations

import os
import sys
from typing import Any

import httpx

from sandbox.shop import Failed, Shop, pay_at_vnpay, wait_while

LOCAL = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
PUBLIC = (os.environ.get("PUBLIC_URL") or LOCAL).rstrip("/")
SANDBOX = f"http://127.0.0.1:{os.environ.get('SANDBOX_PORT', '8001')}"
CUSTOMER, ORGANIZER = "customer@example.com", "organizer@example.com"


def main() -> int:
    """Buy numbered and standing places, pay both, check one ticket in, give another one back."""
    try:
        shop = log_in(CUSTOMER)
        buy(shop, numbered_seats(shop))
        code, tickets = buy(shop, standing_places(shop))
        check_in(tickets[0]["code"])
        give_back(shop, code, tickets[1]["code"])
    except Failed as failure:
        say(str(failure))
        return 1
    except httpx.ConnectError:
        say(f"Nobody answers at {PUBLIC}. Start `make run` in another terminal first.")
        return 1
    say(f"\nDone: two orders paid, one ticket used, one given back. Mails: {SANDBOX}/inbox/")
    return 0


def log_in(email: str) -> Shop:
    shop = Shop(email, PUBLIC)
    say(f"Logged in as {email}.")
    return shop


def numbered_seats(shop: Shop) -> dict[str, Any]:
    """Two free neighbours, found on the seat map of a showing that is on sale."""
    for showing, area in areas_on_sale(shop, is_general_admission=False):
        seat_map = shop.get(f"showings/{showing['id']}/seats/")
        rows = next(each["rows"] for each in seat_map["areas"] if each["id"] == area["id"])
        for row in rows:
            free = [seat for seat in row["seats"] if seat[2] == "available"]
            if len(free) >= 2:
                names = ", ".join(seat[1] for seat in free[:2])
                say(f"\n{showing['title']}: {area['name']}, row {row['label']}, seats {names}")
                return {"showing": showing["id"], "seats": [seat[0] for seat in free[:2]]}
    raise Failed("No showing on sale has two numbered seats left.")


def standing_places(shop: Shop) -> dict[str, Any]:
    """Three places of a field."""
    for showing, area in areas_on_sale(shop, is_general_admission=True):
        if area["seats"]["available"] >= 3:
            say(f"\n{showing['title']}: {area['name']}, 3 places")
            return {"showing": showing["id"], "area": area["id"], "quantity": 3}
    raise Failed("No showing on sale has three standing places left.")


def areas_on_sale(shop: Shop, *, is_general_admission: bool) -> list[tuple[Any, Any]]:
    """Areas that cost something, with their showing."""
    found = []
    for event in shop.get("events/?status=published")["results"]:
        for listed in event["showings"]:
            if not listed["on_sale"]:
                continue
            showing = shop.get(f"showings/{listed['id']}/")
            found += [
                (showing, area)
                for area in showing["areas"]
                if area["is_general_admission"] is is_general_admission and float(area["price"]) > 0
            ]
    return found


def buy(shop: Shop, wish: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Hold, pay at the stand-in, come back, wait for the tickets; the order's code and they."""
    order = shop.post("orders/", wish)
    say(f"  held    order {order['code']}, {order['total_amount']} VND until {order['expires_at']}")
    payment = shop.post(f"orders/{order['code']}/payments/", {"provider": "vnpay"})
    say(f"  paying  {payment['payment_url'][:72]}…")
    come_back(pay_at_vnpay(payment["payment_url"], SANDBOX))
    status = wait_while(shop, f"orders/{order['code']}/", ["pending_payment"])
    if status != "paid":
        raise Failed(f"Order {order['code']} is {status}, not paid.")
    tickets: list[dict[str, Any]] = shop.get(f"orders/{order['code']}/tickets/")
    for ticket in tickets:
        place = f"{ticket['area']} {ticket['row']} {ticket['number']}"
        say(f"  ticket  {ticket['code']}  {place}  {PUBLIC}{ticket['qr_url']}")
    return order["code"], tickets


def check_in(code: str) -> None:
    """Scan a ticket at the door, twice: the second time it is refused."""
    door = log_in(ORGANIZER)
    door.post("check-ins/", {"ticket": code})
    say(f"  in      {code} is checked in")
    again = door.http.post("/api/v1/check-ins/", json={"ticket": code})
    if again.status_code != 409:
        raise Failed(f"A ticket was let in twice: {again.status_code} {again.text}")
    say(f"  refused the same ticket again: {again.json()['title']}")


def give_back(shop: Shop, order: str, ticket: str) -> None:
    """Ask what a ticket would bring, give it back, wait for the money; the door refuses it then."""
    wish = {"reason": "personal", "tickets": [ticket]}
    quote = shop.post(f"orders/{order}/refund-quotes/", wish)
    say(f"\nGiving ticket {ticket} back:")
    for step in quote["explanation"]:
        say(f"  why     {step['text']}")
    refund = shop.post(f"orders/{order}/refunds/", wish)
    say(f"  refund  {refund['amount']} VND, {refund['status']}")
    under_way = ["requested", "approved", "processing"]
    status = wait_while(shop, f"refunds/{refund['id']}/", under_way)
    if status not in ("completed", "partial"):
        raise Failed(f"Refund {refund['id']} is {status}: no money is back.")
    say(f"  back    {refund['amount']} VND are back at the customer; the place is for sale again")
    refuse_at_door(ticket)


def refuse_at_door(code: str) -> None:
    door = log_in(ORGANIZER)
    answer = door.http.post("/api/v1/check-ins/", json={"ticket": code})
    if answer.status_code != 409:
        raise Failed(f"A refunded ticket was let in: {answer.status_code} {answer.text}")
    say(f"  refused the refunded ticket: {answer.json()['detail']}")


def come_back(return_url: str) -> None:
    page = httpx.get(return_url, trust_env=False, timeout=30)
    if page.is_error:
        raise Failed(f"The return page answered {page.status_code}.")
    say("  back    the return page has been shown")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
