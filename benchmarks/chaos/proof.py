"""Afterwards: wait until all is settled, then compare everybody's books."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
from django.contrib.auth.models import User
from django.db.models import QuerySet

from benchmarks.chaos.office import retry_refunds
from benchmarks.chaos.shoppers import Diary
from benchmarks.onsale.findings import sold_twice
from benchmarks.onsale.house import House
from jobs.models import Job, JobStatus
from orders.handlers import NOTHING_VALID
from orders.models import SETTLED_AS_PAID, Order
from payments.models import Payment, Reversal, ReversalStatus
from refunds.models import RESERVED, Refund
from ticketing.invariants import violations

SUCCESS = "00"

Books = dict[str, Decimal]


def wait_until_settled(seconds: float, *, admin: User, tell: Callable[[str], None]) -> list[str]:
    """Until nothing is open any more, or so long; what is open then, in words.

    The admin does meanwhile what only a person may.
    """
    deadline = time.monotonic() + seconds
    told = time.monotonic()
    while found := _unsettled():
        retry_refunds(admin, tell=tell)
        if time.monotonic() > deadline:
            return [f"{count} {what} after {seconds:g} s" for what, count in found.items()]
        if time.monotonic() - told > 15:
            told = time.monotonic()
            tell("Waiting: " + ", ".join(f"{count} {what}" for what, count in found.items()))
        time.sleep(0.5)
    return []


def _unsettled() -> dict[str, int]:
    open_things: dict[str, QuerySet[Any]] = {
        "orders are not settled": Order.objects.pending(),
        "refunds are not back": Refund.objects.filter(status__in=RESERVED),
        "jobs are not done": Job.objects.unfinished(),
    }
    counts = {what: rows.count() for what, rows in open_things.items()}
    return {what: count for what, count in counts.items() if count}


def broken_promises(diary: Diary, house: House, stand_ins: str) -> list[str]:
    """What was acknowledged and is not so, in words."""
    with httpx.Client(base_url=stand_ins, trust_env=False, timeout=60) as http:
        bank = http.get("/control/transactions").raise_for_status().json()["transactions"]
        mails = http.get("/control/mails").raise_for_status().json()["mails"]
    captured = Payment.objects.captured()
    return [
        *diary.wrong,
        *_unhelpful(diary),
        *_lost("orders", diary.orders, Order.objects.values_list("code", flat=True)),
        *_lost(
            "payments",
            diary.charged,
            captured.values_list("order__code", flat=True),
        ),
        *_lost("orders called paid", diary.paid, _paid_orders().values_list("code", flat=True)),
        *_lost("refunds", diary.refunds, Refund.objects.values_list("pk", flat=True)),
        *_differences("payments", _taken(bank), _captured()),
        *_differences("refunds", _given_back(bank), _reversed()),
        *sold_twice(house),
        *_dead_jobs(),
        *_missing_mails(mails),
        *(f"{rule}: {count}" for rule, count in violations().items() if count),
    ]


def _unhelpful(diary: Diary) -> list[str]:
    answers = {"500": diary.statuses[500], "503 without Retry-After": diary.silent_refusals}
    return [f"{count} answers {what}" for what, count in answers.items() if count]


def _lost(what: str, acknowledged: set[Any], known: QuerySet[Any, Any]) -> list[str]:
    lost = acknowledged - set(known)
    return [f"{len(lost)} acknowledged {what} are gone"] if lost else []


def _differences(what: str, theirs: Books, ours: Books) -> list[str]:
    """Whatever only one side knows, or knows with another amount."""
    differing = dict(theirs.items() ^ ours.items())
    return [f"provider and product differ about {len(differing)} {what}"] if differing else []


def _taken(bank: list[dict[str, Any]]) -> Books:
    return {
        each["txn_ref"]: Decimal(each["amount"]) / 100
        for each in bank
        if each["response_code"] == SUCCESS
    }


def _captured() -> Books:
    return dict(Payment.objects.captured().values_list("txn_ref", "amount"))


def _given_back(bank: list[dict[str, Any]]) -> Books:
    refunds = [refund for each in bank for refund in each["refunds"]]
    return {
        refund["request_id"]: Decimal(refund["amount"]) / 100
        for refund in refunds
        if refund["status"] == SUCCESS
    }


def _reversed() -> Books:
    done = Reversal.objects.filter(status=ReversalStatus.SUCCEEDED)
    return dict(done.values_list("request_id", "amount"))


def _paid_orders() -> QuerySet[Order]:
    return Order.objects.filter(status__in=SETTLED_AS_PAID)


def _dead_jobs() -> list[str]:
    dead = Job.objects.filter(status=JobStatus.DEAD).count()
    return [f"{dead} jobs are dead"] if dead else []


def _missing_mails(mails: list[dict[str, Any]]) -> list[str]:
    """Each paid order has one mail with its tickets; what a crash repeats has the same id.

    Unless all of them were given back before it was sent, or before it was repeated.
    """
    sent = {mail["message_id"] for mail in mails if mail["subject"].startswith("Your tickets")}
    dropped = Job.objects.filter(key__startswith="mail:orders.paid:", last_error=NOTHING_VALID)
    told = sent | {dict(job.payload["message"]["headers"])["Message-ID"] for job in dropped}
    paid = _paid_orders().count()
    return [] if len(told) == paid else [f"{paid} orders are paid, {len(told)} mails were sent"]
