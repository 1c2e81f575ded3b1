"""Lists of the back office with hundreds of thousands of rows: their time and statements."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import psutil
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import sales
from benchmarks.data import House
from benchmarks.machine import Machine
from benchmarks.report import Line, Report
from jobs.back_office import Paged
from jobs.paging import Position, keys_of
from orders.models import Order
from sandbox.run import say
from ticketing.models import Organizer

DEEP = 1_500  # the page far back that is compared with the first
READS = 5
SHARE = 10  # one in so many orders is of the member's organizer


@dataclass(frozen=True)
class List:
    """One list as one reader sees it; `deep` is None where there are not so many rows."""

    name: str
    statements: int
    first: float
    deep: float | None

    @property
    def ratio(self) -> float | None:
        return self.deep / self.first if self.deep else None


def tell(running: Machine, house: House, options: argparse.Namespace, report: Report) -> None:
    """Each list with its page far back beside its first one, and the orders as files."""
    say(f"The lists of the back office with {options.listed:,} orders …")
    member = fill(options.listed)
    for each in measure(member):
        report.lines.append(Line(f"list: {each.name}, SQL statements", each.statements, ""))
        if each.deep is not None:
            deep, first = each.deep * 1000, each.first * 1000
            report.lines.append(Line(f"list: {each.name}, page {DEEP:,}", deep, "ms", first))
    for file in measure_files():
        report.lines += [
            Line(f"file: {file.rows:,} orders as {file.name}", file.rate, "rows/s"),
            Line(f"file: memory it grew by as {file.name}", file.megabytes, "MB"),
        ]
    report.notes.append(
        "The floor of a list's page far back is its first page, whose rows have shorter links: "
        "Django puts the way back to any other page into each."
    )


def fill(orders: int) -> User:
    """Two organizers with so many orders together; a member of the smaller one."""
    small = orders // SHARE
    with transaction.atomic(), connection.cursor() as cursor:
        # Rows known to fit: no need to look up every row's neighbours.
        cursor.execute("SET LOCAL session_replication_role = replica")
        sales.sell(cursor, slug="lists-large", orders=orders - small, prefix="LRG")
        cursor.execute("ANALYZE")
        sales.sell(cursor, slug="lists-small", orders=small, prefix="SML")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    member = User.objects.create(username="lists-member", is_staff=True)
    Organizer.objects.get(slug="lists-small").members.add(member)
    return member


def measure(member: User) -> Iterator[List]:
    """Every list as an admin sees it, and the orders, payments and refunds of the member."""
    boss = User.objects.create(username="lists-boss", is_staff=True, is_superuser=True)
    for page in admin.site._registry.values():
        if isinstance(page, Paged):
            yield _measure(page, boss)
    for name in ("orders.order", "orders.ticket", "payments.payment", "refunds.refund"):
        yield _measure(_list_of(name), member)


@dataclass(frozen=True)
class File:
    """One list as a file: its rows, the seconds it took, and megabytes that the process grew by."""

    name: str
    rows: int
    seconds: float
    megabytes: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


def measure_files() -> Iterator[File]:
    """All orders as CSV, and the longest spreadsheet that is made."""
    browser = _browser_of(User.objects.get(username="lists-boss"))
    rows = Order.objects.count()
    yield _measure_file(browser, "csv", rows, {})
    small = {"event__id__exact": Order.objects.latest("pk").event_id}
    yield _measure_file(browser, "xlsx", Order.objects.filter(**small).count(), small)


def _measure_file(browser: Client, kind: str, rows: int, query: dict[str, Any]) -> File:
    process = psutil.Process()
    before, started = process.memory_info().rss, time.perf_counter()
    peak = before
    answer: Any = browser.get(reverse(f"admin:orders_order_export_{kind}"), query)
    for _part in answer.streaming_content:
        peak = max(peak, process.memory_info().rss)
    return File(kind, rows, time.perf_counter() - started, (peak - before) / 1e6)


def _list_of(name: str) -> Paged:
    pages: dict[str, Any] = {m._meta.label_lower: p for m, p in admin.site._registry.items()}
    page = pages[name]
    assert isinstance(page, Paged)
    return page


def _measure(page: Paged, reader: User) -> List:
    browser = _browser_of(reader)
    address = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
    rows = _rows(page, reader)
    with CaptureQueriesContext(connection) as captured:
        browser.get(address)
        statements = len(captured)
    name = page.opts.label_lower + ("" if reader.is_superuser else ", own rows")
    deep = _page(rows, (DEEP - 1) * page.list_per_page)
    first, far = _seconds(browser, address, [{}, deep] if deep else [{}])
    return List(name, statements, first, far)


def _browser_of(user: User) -> Client:
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(user)
    return browser


def _rows(page: Paged, reader: User) -> Any:
    request = RequestFactory().get("/")
    request.user = reader
    return page.get_changelist_instance(request).queryset


def _page(rows: Any, offset: int) -> dict[str, str] | None:
    """The address of the page that begins after so many rows."""
    keys = keys_of(rows)
    before = rows.values_list(*(key.path for key in keys))[offset - 1 : offset]
    found = list(before)
    return {"p": Position(True, found[0]).write()} if found else None


def _seconds(
    browser: Client, address: str, queries: list[dict[str, str]]
) -> tuple[float, float | None]:
    """The median times of one page or two, which are read in turns."""
    turns = [[_once(browser, address, query) for query in queries] for _ in range(READS)]
    first, *others = (median(times) for times in zip(*turns, strict=True))
    return first, others[0] if others else None


def _once(browser: Client, address: str, query: dict[str, str]) -> float:
    started = time.perf_counter()
    answer = browser.get(address, query)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}.")
    return time.perf_counter() - started
