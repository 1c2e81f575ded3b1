"""An event that was sold out at VNPay and is called off, made inside the product's database.

Run by `python -m tests.product.inside campaign_world ORDERS`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from benchmarks import sold_event
from orders.models import Order, Ticket
from orders.services import cancel_order, check_in, place_order
from payments.providers import Customer
from payments.providers.vnpay import our_config
from payments.services import start_payment
from refunds.policy import Reason
from refunds.services import process_refunds, request_refund
from ticketing.models import Area, Event, Row, Seat, Showing
from ticketing.services import confirm_cancellation

SLUG = "sold-out"
ADMIN = "admin@example.com"
SECONDS_TO_THINK = 0.5  # of VNPay at each call, so that whoever is killed is killed at work


def main(given: str) -> None:
    """Sell it, let some orders go other ways than to be paid and kept, and cancel the event."""
    orders = int(given)
    settings.ALLOWED_HOSTS = ["*"]
    stand_in = f"http://127.0.0.1:{settings.SANDBOX_PORT}"
    with httpx.Client(base_url=stand_in, trust_env=False, timeout=120) as http:
        http.put("/control/weather", json={"no_ipn": True}).raise_for_status()
        with connection.cursor() as cursor:
            sold = sold_event.sell(cursor, slug=SLUG, orders=orders)
            sold_event.pay_there(cursor, sold, http, our_config())
            cursor.execute("ANALYZE")
        event = Event.objects.get(slug=SLUG)
        Event.objects.filter(slug=SLUG).update(auto_approve_refund=True)
        some = min(orders // 10, 500)
        use_tickets(some // 2)
        ask_back(some)
        process_refunds(connections=4, limit=some // 2)
        pay_oddly(http, odd_ones(orders))
        slowly = {"no_ipn": True, "api_slow_seconds": SECONDS_TO_THINK}
        http.put("/control/weather", json=slowly).raise_for_status()
    admin = User.objects.get(email=ADMIN)
    confirm_cancellation(event_id=event.pk, by=admin, reason="The storm.")


def odd_ones(orders: int) -> int:
    """How many more orders are paid twice; as many are paid late, or wait for payment."""
    return min(orders // 50, 100)


def use_tickets(count: int) -> None:
    """Some went in before it was called off."""
    admin = User.objects.get(email=ADMIN)
    tickets = Ticket.objects.filter(event__slug=SLUG).order_by("-pk")
    for code in list(tickets.values_list("code", flat=True)[: 2 * count : 2]):
        check_in(code=code, by=admin)


def ask_back(count: int) -> None:
    """Some had one of two tickets refunded at 80 %; half of that is back, half on its way."""
    for order in Order.objects.filter(event__slug=SLUG).order_by("pk")[:count]:
        codes = [order.tickets.order_by("pk")[0].code]
        request_refund(
            order_id=order.pk, requester=order.customer, reason=Reason.PERSONAL, ticket_codes=codes
        )


def pay_oddly(http: httpx.Client, count: int) -> None:
    """Some wait for payment, some paid after they had given the order up, some paid twice."""
    showing = Showing.objects.get(event__slug=SLUG)
    area = Area.objects.create(
        showing=showing, name="Late", price=300_000, is_general_admission=True
    )
    row = Row.objects.create(area=area, label="GA")
    Seat.objects.bulk_create(
        Seat(row=row, area=area, showing=showing, number=str(n)) for n in range(3 * count)
    )
    buyers = User.objects.filter(username__startswith=SLUG).order_by("pk")[: 3 * count]
    for number, buyer in enumerate(buyers):
        order = place_order(customer=buyer, showing=showing, area=area, quantity=1)
        attempts = [begin(order) for _ in range(number % 3)]
        if len(attempts) == 1:
            cancel_order(order_id=order.pk, by=buyer)
        for attempt in attempts:
            pay(http, attempt)


def begin(order):
    return start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))


def pay(http: httpx.Client, attempt) -> None:
    """Pay at the stand-in and hear of it."""
    body = {"payment_url": attempt.payment_url, "outcome": "success"}
    paid = http.post("/control/pay", json=body).raise_for_status().json()
    query = urlsplit(paid["return_url"]).query
    answer = Client().get(f"/payments/vnpay/ipn/?{query}", headers={"host": "127.0.0.1"})
    assert answer.json()["RspCode"] in ("00", "02"), answer.content
