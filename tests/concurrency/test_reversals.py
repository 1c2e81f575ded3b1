"""Giving money back from many places at the same moment, and with processes that are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from payments.models import Payment, Reversal, ReversalQuerySet
from payments.operations.reversals import Wish, open_reversals
from payments.providers import Customer
from payments.services import (
    advance_reversal,
    due_reversals,
    reconcile_payments,
    sending,
    start_payment,
)
from tests.concurrency.conftest import (
    NOBODY_WAITS_LONGER,
    closing,
    run_together,
    wait_until_somebody_waits,
)
from tests.factories import paid_order, placed_order
from tests.our_vnpay import use
from tests.payments.reconciled import let_time_pass
from tests.payments.reversed import (
    advance,
    broken_rules,
    calls_at,
    decide,
    facts,
    give_back,
    let_reversals_wait,
    refunds_at,
    status,
)
from tests.payments.vnpay_calls import IPN
from tests.sandbox_process import HASH_SECRET, ROOT, TMN_CODE, wait_until
from tests.ticketing.event_states import new_admin

AT_ONCE = 20


@pytest.fixture
def vnpay(stand_in, settings):
    return use(stand_in, settings, refund_outcome="done")


def captured(vnpay):
    """A payment that was made at VNPay, with its order."""
    order = placed_order()
    payment = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
    vnpay.pay(payment.payment_url, "success")
    Client().get(f"{IPN}?{vnpay.transaction(payment.txn_ref)['callback']}")
    return payment


@pytest.fixture
def payment(vnpay):
    return captured(vnpay)


def give(payment, amount):
    return lambda: give_back(payment, amount)


def test_of_twenty_that_want_the_same_money_back_one_gets_it():
    payment = paid_order().payments.get()

    outcomes = run_together(give(payment, 300_000) for _ in range(AT_ONCE))

    assert outcomes == {"done": 1, "reversal-in-progress": AT_ONCE - 1}
    assert Reversal.objects.get().status == "created"
    assert Payment.objects.get().reversed_amount == 300_000
    assert broken_rules() == {}


def give_without_locks(payment, both_have_looked):
    """What the locks rule out: several look at the payment before any of them writes."""

    def give():
        with transaction.atomic():
            seen = Payment.objects.get(pk=payment.pk)
            seen.reversals.open().exists()
            both_have_looked.wait(timeout=10)
            open_reversals([Wish(seen, 300_000, "Why", "Who")], at=timezone.now())

    return give


def test_without_locks_and_guard_the_index_still_lets_only_one_be_open(monkeypatch):
    payment = paid_order().payments.get()
    monkeypatch.setattr(Reversal, "OPEN", ())
    together = Barrier(5)

    outcomes = run_together(give_without_locks(payment, together) for _ in range(5))

    assert outcomes == {"done": 1, "IntegrityError": 4}
    assert Reversal.objects.count() == 1
    assert broken_rules() == {}


@pytest.fixture
def without_index(monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX reversal_one_open_per_payment")
    monkeypatch.setattr(Reversal, "OPEN", ())
    yield
    Reversal.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE UNIQUE INDEX reversal_one_open_per_payment ON payments_reversal (payment_id) "
            "WHERE status IN ('created', 'sent', 'accepted', 'unknown')"
        )


@pytest.mark.usefixtures("without_index")
def test_control_without_locks_and_index_several_are_open_and_the_sum_is_wrong():
    payment = paid_order().payments.get()
    together = Barrier(5)

    outcomes = run_together(give_without_locks(payment, together) for _ in range(5))

    assert outcomes == {"done": 5}
    broken = broken_rules()
    assert broken["reversal_one_open"] == 1
    assert broken["payment_reversed_amount_is_that_of_its_reversals"] > 0


def test_many_that_advance_one_reversal_call_vnpay_once(payment, vnpay):
    reversal = give_back(payment)

    outcomes = run_together(lambda: advance_reversal(reversal.pk) for _ in range(AT_ONCE))

    assert outcomes == {"done": AT_ONCE}
    assert status(reversal) == "succeeded"
    assert calls_at(vnpay, payment) == 1
    assert len(facts(reversal)) == 1
    assert broken_rules() == {}


@pytest.fixture
def without_claim(monkeypatch):
    """Everybody believes to be the one whose turn it is."""
    monkeypatch.setattr(ReversalQuerySet, "due", lambda rows, now: rows.exclude(due_at=None))


def test_a_reversal_that_others_have_locked_for_a_moment_is_sent_later_and_left_to_nobody(
    payment, vnpay
):
    """A part of its payment went back before: nothing is wrong with another part."""
    advance(give_back(payment, 300_000))
    second = give_back(payment, 200_000)
    Payment.objects.update(queried_at=None)

    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            Reversal.objects.get_for_update(second.pk)
            taken = threads.submit(closing(lambda: advance_reversal(second.pk)))
            wait_until_somebody_waits()
        come_back_at = taken.result(NOBODY_WAITS_LONGER)

    second.refresh_from_db()
    assert (second.status, second.unclear_at) == ("created", None)
    assert come_back_at == second.due_at
    advance(second)
    assert status(second) == "succeeded"
    assert len(refunds_at(vnpay, payment)) == 2


@pytest.mark.usefixtures("without_claim")
def test_without_the_claim_the_lock_of_the_row_still_lets_one_call_go_out(payment, vnpay):
    reversal = give_back(payment)

    run_together(lambda: advance_reversal(reversal.pk) for _ in range(AT_ONCE))

    assert calls_at(vnpay, payment) == 1
    assert broken_rules() == {}


@pytest.mark.usefixtures("without_claim")
def test_control_without_claim_and_lock_vnpay_is_called_again_and_again(
    payment, vnpay, monkeypatch
):
    reversal = give_back(payment)
    all_have_read = Barrier(3)
    first_reads = []

    def read(reversal_ids, due_at):
        unsent = Reversal.objects.filter(pk__in=reversal_ids, status="created")
        found = list(unsent.select_related("payment"))
        first_reads.append(found)
        if len(first_reads) <= 3:
            all_have_read.wait(timeout=10)
        return found

    monkeypatch.setattr(sending, "lock_unsent", read)

    run_together(lambda: advance_reversal(reversal.pk) for _ in range(3))

    assert calls_at(vnpay, payment) > 1


def test_many_workers_share_what_is_due_and_send_each_once(vnpay):
    payments = [captured(vnpay) for _ in range(AT_ONCE)]
    for payment in payments:
        give_back(payment, 400_000)

    def work():
        while due := due_reversals(timezone.now(), 5):
            for reversal_id in due:
                advance_reversal(reversal_id)

    outcomes = run_together([work] * 4)

    assert outcomes == {"done": 4}
    assert set(Reversal.objects.values_list("status", flat=True)) == {"succeeded"}
    assert {calls_at(vnpay, payment) for payment in payments} == {1}
    assert broken_rules() == {}


def test_asking_reconciling_and_deciding_at_once_end_a_reversal_once(vnpay):
    payments = [captured(vnpay) for _ in range(5)]
    vnpay.set_weather(answer_lost=True)
    unknown = [give_back(payment) for payment in payments]
    for reversal in unknown:
        advance(reversal)
    vnpay.clear_weather()
    let_time_pass()
    Reversal.objects.update(due_at=timezone.now())
    boss = new_admin()

    outcomes = run_together(
        [
            *(lambda pk=reversal.pk: advance_reversal(pk) for reversal in unknown),
            *(lambda pk=reversal.pk: advance_reversal(pk) for reversal in unknown),
            *(reconcile_payments for _ in range(3)),
            *(partial(decide, reversal, succeeded=True, by=boss) for reversal in unknown),
        ]
    )

    assert set(outcomes) <= {"done", "reversal-not-decidable"}
    assert outcomes["done"] >= 13
    assert {status(reversal) for reversal in unknown} == {"succeeded"}
    assert {len(facts(reversal)) for reversal in unknown} == {1}
    assert broken_rules() == {}


def test_one_probe_at_a_time_goes_to_a_silent_provider(vnpay, settings):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    for _ in range(30):
        give_back(paid_order().payments.get())
    vnpay.set_weather(api_down=True)
    first, rest = due_reversals(timezone.now(), 5), due_reversals(timezone.now(), 30)[5:]
    for reversal_id in first:
        advance_reversal(reversal_id)
    let_reversals_wait(seconds=300)

    run_together(lambda pk=pk: advance_reversal(pk) for pk in rest)

    assert Reversal.objects.filter(pk__in=rest, status="unknown").count() == 1
    assert Reversal.objects.filter(pk__in=rest, status="created").count() == 24


ADVANCE = """
import os, django
django.setup()
from payments.services import advance_reversal
advance_reversal(int(os.environ["REVERSAL"]))
"""


def advance_elsewhere(reversal, vnpay):
    """The same step in a process of its own, which can be killed."""
    server = connection.connection.info.get_parameters()
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgres://{server['user']}@/{server['dbname']}?host={server['host']}",
        "DJANGO_SETTINGS_MODULE": "ticketing.settings",
        "VNPAY_TMN_CODE": TMN_CODE,
        "VNPAY_HASH_SECRET": HASH_SECRET,
        "VNPAY_API_URL": vnpay.api_url,
        "REVERSAL": str(reversal.pk),
    }
    return subprocess.Popen([sys.executable, "-c", ADVANCE], cwd=ROOT, env=environment)


def is_thinking(vnpay):
    """Whether a request is there: it has used up the one slow answer."""
    return "api_slow_seconds" not in vnpay.control("GET", "weather")["global"]


def test_a_process_killed_in_the_middle_of_a_call_gives_nothing_back_twice(payment, vnpay):
    vnpay.set_weather(api_slow_seconds={"value": 2, "times": 1})
    reversal = give_back(payment)

    with advance_elsewhere(reversal, vnpay) as process:
        try:
            wait_until(lambda: is_thinking(vnpay), seconds=30, what="the request to be at VNPay")
            assert status(reversal) == "sent"
        finally:
            process.kill()
    wait_until(lambda: refunds_at(vnpay, payment), seconds=10, what="VNPay to do its work")
    let_reversals_wait(minutes=2)
    advance(reversal)
    advance(reversal)

    assert status(reversal) == "succeeded"
    assert refunds_at(vnpay, payment) == [("02", 1_000_000)]
    assert calls_at(vnpay, payment) == 1
    assert broken_rules() == {}
