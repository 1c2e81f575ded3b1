"""Refunding a cancelled event: approving its orders, and paying them back through the stand-in."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event as Signal

import httpx
import psutil
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import sold_event
from benchmarks.data import House
from benchmarks.machine import Machine
from benchmarks.relay import stand_in
from benchmarks.report import Line, Report
from payments import services as payments
from payments.models import Reversal
from payments.providers.vnpay import our_config
from refunds.models import RefundCampaign, RefundReason
from refunds.operations import campaigns
from refunds.services import drive_campaign, prepare_campaign, start_campaign
from refunds.services.pay_back import record_answers
from refunds.services.process import opened
from refunds.services.run_campaign import AT_ONCE, take_some
from sandbox.run import say
from ticketing.services import confirm_cancellation

SLOW = 0.05  # seconds that VNPay thinks before it takes a refund


@dataclass(frozen=True)
class Refunded:
    """Orders in a second; `statements` for each where as many go together as there are connections.

    And megabytes that the process grew by while it went on.
    """

    approved: float
    paid_back: float
    paid_back_slowly: float
    paid_back_by_half: float
    """As slowly, through half of the connections: where the provider bounds it, half as many."""
    called_slowly: float
    """The same calls by as many threads, which record nothing: what this machine lets through."""
    slowest: float
    """What the provider alone would let through, thinking `SLOW` seconds over each refund."""
    statements: float
    cpu: dict[str, float]
    """Milliseconds for each order paid back as fast as possible, by who needed them."""
    megabytes: float


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """Giving the money of cancelled events back, approved only and through VNPay's stand-in."""
    orders, connections = options.refunds, options.connections
    say(f"Five cancelled events of {orders} orders, {connections} calls to VNPay at a time …")
    found = measure(running, orders=orders, connections=connections)
    report.lines += [
        Line("campaign: orders approved", found.approved, "/s"),
        Line("campaign: paid back, VNPay at 0 ms", found.paid_back, "/s"),
        Line("campaign: paid back, VNPay at 50 ms", found.paid_back_slowly, "/s", found.slowest),
        Line(
            f"campaign: the same, {_half(connections)} connections",
            found.paid_back_by_half,
            "/s",
            _half(connections) / SLOW,
        ),
        Line("campaign: calls alone, VNPay at 50 ms", found.called_slowly, "/s", found.slowest),
        Line("campaign: SQL statements each", found.statements, ""),
        Line("campaign: CPU of who drives it, each", found.cpu["load"], "ms"),
        Line("campaign: CPU of PostgreSQL, each", found.cpu["postgres"], "ms"),
        Line("campaign: memory it grew by", found.megabytes, "MB"),
    ]
    report.notes.append(
        "A campaign's floor is a provider that thinks 50 ms over each refund, and nothing else; "
        "its calls alone are made by the same client, and nothing is recorded."
    )


def measure(machine: Machine, *, orders: int, connections: int) -> Refunded:
    """Cancel five events of so many orders: three to pay back, one to call for, one to approve.

    The answers of VNPay are final at once; nobody runs the jobs meanwhile.
    """
    with stand_in(machine.environment), _client() as http:
        _set_weather(http, no_ipn=True, refund_outcome="done")
        fast = _cancelled(http, "paid-back", "FST", orders)
        before, used = _memory(), machine.cpu()
        paid_back = _rate(orders, lambda: _drive(fast, connections))
        cpu = {whose: (now - used[whose]) / orders * 1e3 for whose, now in machine.cpu().items()}
        paid_back_slowly = _paid_back_slowly(http, "slowly", "SLW", orders, connections)
        grown = _memory() - before
        paid_back_by_half = _paid_back_slowly(http, "by-half", "HLF", orders, _half(connections))
        only_called = _cancelled(http, "only-called", "CLL", orders)
        _set_weather(http, api_slow_seconds=SLOW)
        called = _called(only_called, connections)
        _set_weather(http, api_slow_seconds=None)
        few = _cancelled(http, "some-more", "FEW", 2 * connections)
        statements = _count_statements(few, connections)
        # The last one, as every driver would send back what it approves.
        approving = _cancelled(http, "approved", "APP", orders)
        approved = _rate(orders, lambda: _approve(approving))
    connection.close()
    return Refunded(
        approved=approved,
        paid_back=paid_back,
        paid_back_slowly=paid_back_slowly,
        paid_back_by_half=paid_back_by_half,
        called_slowly=called,
        slowest=connections / SLOW,
        statements=statements,
        cpu=cpu,
        megabytes=grown,
    )


def _client() -> httpx.Client:
    url = f"http://127.0.0.1:{settings.SANDBOX_PORT}"
    return httpx.Client(base_url=url, trust_env=False, timeout=60)


def _set_weather(http: httpx.Client, **switches: object) -> None:
    http.put("/control/weather", json=switches).raise_for_status()


def _cancelled(http: httpx.Client, slug: str, prefix: str, orders: int) -> RefundCampaign:
    """A running campaign whose orders are all on its list."""
    with connection.cursor() as cursor:
        sold = sold_event.sell(cursor, slug=slug, orders=orders, prefix=prefix)
        sold_event.pay_there(cursor, sold, http, our_config())
        cursor.execute("VACUUM ANALYZE")
    admin, _is_new = User.objects.get_or_create(username="bench-admin", is_superuser=True)
    confirm_cancellation(event_id=sold.event, by=admin, reason="Made for the benchmark.")
    campaign = prepare_campaign(event_id=sold.event, reason=RefundReason.CANCELLED, by=None)
    start_campaign(campaign_id=campaign.pk, by=None, reason="Made for the benchmark.")
    while campaigns.collect(campaign):
        pass
    return RefundCampaign.objects.select_related("event", "showing").get(pk=campaign.pk)


def _half(connections: int) -> int:
    return (connections + 1) // 2


def _paid_back_slowly(
    http: httpx.Client, slug: str, prefix: str, orders: int, connections: int
) -> float:
    campaign = _cancelled(http, slug, prefix, orders)
    _set_weather(http, api_slow_seconds=SLOW)
    rate = _rate(orders, lambda: _drive(campaign, connections))
    _set_weather(http, api_slow_seconds=None)
    return rate


def _rate(orders: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return orders / (time.perf_counter() - started)


def _approve(campaign: RefundCampaign) -> None:
    while take_some(campaign, most=AT_ONCE):
        pass


def _drive(campaign: RefundCampaign, connections: int) -> None:
    drive_campaign(
        campaign_id=campaign.pk, connections=connections, stopping=Signal(), tell=lambda _: None
    )


def _called(campaign: RefundCampaign, connections: int) -> float:
    """Calls in a second, for refunds that were all marked before; their answers are forgotten."""
    sent: list[Reversal] = []
    while entries := take_some(campaign, most=AT_ONCE):
        sent += payments.mark_sent(opened([entry.refund_id or 0 for entry in entries], Counter()))
    # Marked before, all at once: what is timed writes nothing.
    with ThreadPoolExecutor(connections) as calls:
        return _rate(len(sent), lambda: list(calls.map(payments.tell, sent)))


def _memory() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def _count_statements(campaign: RefundCampaign, at_once: int) -> float:
    """From the approval to the tickets, for each of the second so many that go together."""
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            entries = take_some(campaign, most=at_once)
            sent = payments.mark_sent(
                opened([entry.refund_id or 0 for entry in entries], Counter())
            )
            heard = [payments.tell(reversal) for reversal in sent]
            payments.log_answers(heard)
            record_answers(heard)
    sql = [str(query["sql"]) for query in captured.captured_queries]
    return sum(text not in ("BEGIN", "COMMIT") for text in sql) / at_once
