"""Whole sales through HTTP: an order, its pay link, and VNPay's call that it is paid."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.db import connection as django_connection
from django.test import Client

from benchmarks import floor, load, orders, sale_floor
from benchmarks.data import House, add_field, settle
from benchmarks.machine import Connection, Machine
from benchmarks.report import Line, Report
from sandbox.run import say
from sandbox.vnpay_signing import sign_query

WARM_UP = 3.0
PLACES = 150_000  # of each of the two fields
WANTED = {"order": 201, "pay link": 201, "IPN": 200}
IPN_PATH = "/payments/vnpay/ipn/"
PAY = json.dumps({"provider": "vnpay"}).encode()

# Each has its two tickets for two sold seats, and the one payment that it was paid with.
REALLY_SOLD = """
SELECT count(*) FROM orders_order sale WHERE code = ANY(%s) AND sale.status = 'paid'
    AND 2 = (SELECT count(*) FROM orders_ticket ticket
        JOIN ticketing_seat seat ON seat.id = ticket.seat_id
        JOIN orders_seathold hold ON hold.seat_id = seat.id AND hold.order_id = sale.id
        WHERE ticket.order_id = sale.id AND ticket.status = 'active' AND seat.status = 'sold'
            AND hold.status = 'confirmed')
    AND 1 = (SELECT count(*) FROM payments_payment payment
        WHERE payment.order_id = sale.id AND payment.status = 'captured')
    AND 1 = (SELECT count(*) FROM jobs_job WHERE topic = 'orders.paid'
        AND payload @> jsonb_build_object('order_id', sale.id))
"""


class Refused(Exception):
    """A call of a sale was answered with this status, so the sale goes no further."""

    def __init__(self, status: int) -> None:
        self.status = status


class Sales(load.Run):
    """Customers at work: one sale after the other each, with its three calls in turn.

    `load` counts whole sales, `calls` what they consist of. A call of VNPay that is not confirmed
    counts as 500, whatever its HTTP status.
    """

    def __init__(self, machine: Machine, house: House, tokens: list[str]) -> None:
        super().__init__(machine.port, machine.cpu)
        self.wish, self.turns = orders.wish(house), itertools.cycle(tokens)
        self.numbers = itertools.count(10_000_000)
        self.calls = {name: load.Load() for name in WANTED}
        self.sold: list[str] = []

    @property
    def errors(self) -> dict[str, dict[int, int]]:
        """How many answers were not as wished, by call and status."""
        wrong = {name: each.errors(WANTED[name]) for name, each in self.calls.items()}
        broken = self.load.statuses[load.BROKEN]  # in the middle of any call
        wrong["connection"] = {load.BROKEN: broken} if broken else {}
        return {name: errors for name, errors in wrong.items() if errors}

    async def attempt(self, client: load.Client) -> int:
        """Sell two places; the status of the call that ended it."""
        try:
            code = await self.sell(client, next(self.turns))
        except Refused as refusal:
            return refusal.status
        if self.is_counting:
            self.sold.append(code)
        return WANTED["IPN"]

    async def sell(self, client: load.Client, token: str) -> str:
        """Order, ask for the pay link, pay; the order's code. Raises Refused."""
        order = await self.ask(client, "order", posted(orders.PATH, token, self.wish))
        path = f"{orders.PATH}{order['code']}/payments/"
        link = await self.ask(client, "pay link", posted(path, token, PAY))
        told = f"{IPN_PATH}?{success(link['payment_url'], next(self.numbers))}"
        await self.ask(client, "IPN", load.request_bytes("GET", told))
        return str(order["code"])

    async def ask(self, client: load.Client, name: str, request: bytes) -> dict[str, Any]:
        started = time.perf_counter()
        answer = await client.send(request)
        is_wanted = answer.status == WANTED[name]
        said: dict[str, Any] = json.loads(answer.body) if is_wanted else {}
        status = answer.status if said.get("RspCode", "00") == "00" else 500
        self.count(self.calls[name], status, started)
        if status != WANTED[name]:
            raise Refused(status)
        return said


def posted(path: str, token: str, body: bytes) -> bytes:
    """A customer's request, with a key of its own."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    return load.request_bytes("POST", path, headers, body)


def success(payment_url: str, number: int) -> str:
    """The query of VNPay's call that this link was paid, signed as VNPay signs."""
    asked = dict(parse_qsl(urlsplit(payment_url).query))
    told = {name: asked[f"vnp_{name}"] for name in ("TmnCode", "TxnRef", "Amount", "OrderInfo")}
    told |= {"ResponseCode": "00", "TransactionStatus": "00", "TransactionNo": str(number)}
    told |= {"BankCode": "NCB", "BankTranNo": f"VNP{number}", "CardType": "ATM"}
    told |= {"PayDate": asked["vnp_CreateDate"]}
    fields = {f"vnp_{name}": value for name, value in told.items()}
    return sign_query(fields, os.environ["VNPAY_HASH_SECRET"])


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """Whole sales between two halves of their floor; a failure if one of them is none."""
    with running.connect() as connection:
        house = with_new_fields(connection, house)
        script = sale_floor.script(connection)
    tokens = orders.tokens_of(house)
    statements = count_statements(house, tokens[0])
    django_connection.close()
    clients, seconds = options.clients, options.seconds
    say(f"The floor of whole sales, first half: pgbench, {clients} clients …")
    half = seconds // 2
    first = floor.measure(running, house, clients=clients, seconds=half, script=script)
    say(f"Whole sales through HTTP: {clients} clients, {seconds} s …")
    running.checkpoint()
    sales = Sales(running, house, tokens)
    asyncio.run(sales.run(clients, WARM_UP, seconds))
    say("The floor of whole sales, second half …")
    running.checkpoint()
    second = floor.measure(running, house, clients=clients, seconds=half, script=script)
    with running.connect() as connection:
        sold = count_sold(connection, sales.sold)
    _tell(report, sales, floor.both(first, second), statements)
    report.notes.append(
        f"Whole sales: {sold:,}, each found paid in the database, with two tickets for its seats."
    )
    if sold != len(sales.sold):
        report.failures.append(f"Of {len(sales.sold):,} whole sales only {sold:,} are sold.")
    for name, wrong in sales.errors.items():
        report.check_answers(f"whole sales, {name}", wrong)


def _tell(
    report: Report,
    sales: Sales,
    lowest: floor.Floor,
    statements: Mapping[str, orders.Statements],
) -> None:
    whole, count = sales.load, max(len(sales.sold), 1)
    report.lines += [
        Line("whole sales: rate", whole.rate(200), "/s", lowest.per_second),
        Line("whole sales: median time", whole.percentile(50), "ms", lowest.milliseconds),
        Line("whole sales: 95 of 100 within", whole.percentile(95), "ms"),
        Line("whole sales: 99 of 100 within", whole.percentile(99), "ms"),
        Line("whole sales: CPU of web workers, each", whole.cpu["web"] / count * 1000, "ms"),
        Line(
            "whole sales: CPU of PostgreSQL, each",
            whole.cpu["postgres"] / count * 1000,
            "ms",
            lowest.postgres_cpu / lowest.orders * 1000,
        ),
    ]
    for name, each in sales.calls.items():
        report.lines += [
            Line(f"– {name}: SQL statements", len(statements[name].sql), ""),
            *(
                Line(f"– {name}: {percent} of 100 within", each.percentile(percent), "ms")
                for percent in (50, 95, 99)
            ),
        ]
        report.details[f"statements of {name}"] = statements[name].sql
    load_share = whole.cpu["load"] / whole.seconds
    report.notes.append(
        "The floor of whole sales writes all their rows in two transactions of one statement each; "
        f"the load generator used {load_share:.0%} of one CPU."
    )


def with_new_fields(connection: Connection, house: House) -> House:
    """The same house with two unsold fields, one for sales and one for their floor."""
    with connection.transaction():
        own = replace(
            house,
            order_field=add_field(connection, house.showing, "Whole sales", PLACES),
            floor_field=add_field(connection, house.showing, "Floor of whole sales", PLACES),
        )
    settle(connection)
    return own


def count_sold(connection: Connection, codes: list[str]) -> int:
    (count,) = connection.execute(REALLY_SOLD, [codes]).fetchone() or (0,)
    return int(str(count))


def count_statements(house: House, token: str) -> dict[str, orders.Statements]:
    """Sell twice inside this process and list the SQL of the second."""
    client = Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {token}"})

    def post(path: str, body: bytes) -> tuple[Any, orders.Statements]:
        key = {"idempotency-key": str(uuid.uuid4())}
        return orders.captured(
            lambda: client.post(path, body, content_type="application/json", headers=key)
        )

    for number in range(2):
        order, order_sql = post(orders.PATH, orders.wish(house))
        link, link_sql = post(f"{orders.PATH}{order.json()['code']}/payments/", PAY)
        told = f"{IPN_PATH}?{success(link.json()['payment_url'], number)}"
        answer, ipn_sql = orders.captured(lambda: client.get(told))  # noqa: B023
        if answer.json()["RspCode"] != "00":
            raise RuntimeError(f"VNPay's call was refused: {answer.content!r}")
    return {"order": order_sql, "pay link": link_sql, "IPN": ipn_sql}
