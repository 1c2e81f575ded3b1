"""Whom a run asks, how it bears bad weather, and what it tells: report, command, job, pages."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobs.models import Job
from jobs.outbox import enqueue
from jobs.services import run_due_jobs
from payments.models import Payment, ProviderMessage, Reconciliation, ReconciliationEntry
from payments.providers import PROVIDERS, Answer, Outcome, Result
from payments.services import reconcile_payments, settle_order
from payments.services.reconcile import SILENCE
from tests.factories import PaymentFactory, overdue_order
from tests.payments.reconciled import (
    WEEK,
    cases,
    counts,
    everything,
    let_time_pass,
    questions,
    state,
)
from tests.payments.test_settle import SILENCE as SILENT_WEATHER
from tests.plans import read_whole
from ticketing.invariants import violations

A_DAY = 24 * 60


@pytest.fixture
def unused(vnpay):
    """Make attempts whose orders expired, and that VNPay will not find."""

    def unused(count=1, **fields):
        payments = [PaymentFactory(order=overdue_order(), **fields) for _ in range(count)]
        for payment in payments:
            payment.order.expire(by=None, at=timezone.now(), reason="The test begins so.")
            payment.order.save()
            payment.order.holds.all().release()
            payment.order.showing.seats.update(status="available")
        return payments

    return unused


def test_what_is_due_is_found_without_reading_all_payments_there_ever_were(unused):
    unused()
    with CaptureQueriesContext(connection) as captured:
        assert counts(reconcile_payments()) == {"asked": 1, "repaired": 1}

    assert read_whole(captured.captured_queries, "payments_payment") == []


@pytest.mark.parametrize("weather", SILENT_WEATHER)
def test_without_an_answer_nothing_changes_and_it_asks_again(expired, vnpay, weather):
    vnpay.decide(expired.txn_ref, "success")
    vnpay.set_weather(**weather)
    before = everything()

    assert counts(reconcile_payments()) == {"asked": 1, "unanswered": 1}

    assert everything() == before
    entry = ReconciliationEntry.objects.get()
    assert (entry.had, entry.has, entry.done) == ("pending", "pending", "unanswered")
    assert entry.said.startswith("no answer that can be trusted")
    assert not any(violations().values())
    vnpay.clear_weather()
    assert counts(reconcile_payments()) == {"asked": 1, "cases": 1}
    assert state(expired)[0] == "captured"


@pytest.mark.parametrize("weather", SILENT_WEATHER)
def test_silence_contradicts_no_captured_money_and_is_asked_again_soon(captured, vnpay, weather):
    vnpay.set_weather(**weather)
    before = everything()

    assert counts(reconcile_payments()) == {"asked": 1, "unanswered": 1}

    assert everything() == before
    vnpay.clear_weather()
    assert counts(reconcile_payments()) == {"asked": 1, "agreed": 1}


def test_a_silent_provider_is_left_alone_until_the_next_run(unused, vnpay):
    unused(SILENCE + 3)
    vnpay.set_weather(api_down=True)

    report = reconcile_payments()

    assert counts(report) == {"asked": SILENCE, "unanswered": SILENCE}
    assert report.ended == "silence"
    vnpay.clear_weather()
    report = reconcile_payments(limit=3)
    assert counts(report) == {"asked": 3, "repaired": 3}
    asked_first = set(report.entries.values_list("payment", flat=True))
    asked_before = ReconciliationEntry.objects.filter(done="unanswered")
    assert asked_first.isdisjoint(asked_before.values_list("payment", flat=True))


def test_the_command_fails_when_the_provider_is_silent(unused, vnpay):
    unused(SILENCE + 1)
    vnpay.set_weather(api_down=True)

    with pytest.raises(CommandError, match="The provider was silent"):
        call_command("reconcile_payments")

    assert Reconciliation.objects.get().unanswered == SILENCE


def test_further_runs_change_nothing(expired, captured, vnpay):
    vnpay.decide(expired.txn_ref, "success")
    let_time_pass()
    reconcile_payments()
    before = everything()

    reports = [reconcile_payments() for _ in range(3)]

    assert [counts(report) for report in reports] == [{}, {}, {}]
    assert everything() == before
    let_time_pass(A_DAY)
    assert counts(reconcile_payments()) == {"asked": 2, "agreed": 2}
    assert cases() == [("late", "open"), ("orphaned", "resolved")]


def test_a_captured_payment_that_agrees_is_asked_about_once_a_day(captured, vnpay):
    for _ in range(3):
        reconcile_payments()
    assert questions(vnpay, captured) == 1

    let_time_pass(A_DAY)
    reconcile_payments()

    assert questions(vnpay, captured) == 2


def test_what_was_captured_long_ago_is_asked_about_when_wanted(captured, vnpay):
    let_time_pass(WEEK)

    assert counts(reconcile_payments()) == {}
    assert counts(reconcile_payments(days=8)) == {"asked": 1, "agreed": 1}


def test_what_stays_open_is_asked_about_for_ever_but_after_a_while_once_a_day(expired, vnpay):
    vnpay.decide(expired.txn_ref, "left")
    let_time_pass(WEEK)

    for _ in range(3):
        reconcile_payments()
    assert questions(vnpay, expired) == 1
    let_time_pass(A_DAY)
    reconcile_payments()

    assert questions(vnpay, expired) == 2
    assert cases() == [("orphaned", "open")]


def test_nobody_is_asked_twice_within_five_minutes(expired, vnpay, settings):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    vnpay.set_weather(query_99=True)
    let_time_pass(minutes=6)

    reports = [reconcile_payments() for _ in range(3)]

    assert [counts(report) for report in reports] == [{"asked": 1, "unanswered": 1}, {}, {}]
    assert questions(vnpay, expired) == 1


def test_what_settling_has_just_asked_is_not_asked_again(start, vnpay, settings):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    payment = start()
    vnpay.decide(payment.txn_ref, "success")
    let_time_pass()
    settle_order(order_id=payment.order_id)
    assert state(payment)[:2] == ("captured", "paid")

    assert counts(reconcile_payments()) == {}

    assert questions(vnpay, payment) == 1


def test_an_order_that_waits_for_its_settle_job_is_left_to_it(start, vnpay):
    payment = start()
    vnpay.decide(payment.txn_ref, "success")
    let_time_pass()

    assert counts(reconcile_payments()) == {}

    assert state(payment) == ("pending", "pending_payment", {"held"})
    assert questions(vnpay, payment) == 0


def test_one_payment_that_fails_stops_no_other(unused, caplog, capsys):
    [broken] = unused(provider="bank-of-nowhere")
    fine = unused(2)

    with caplog.at_level(logging.ERROR), pytest.raises(CommandError, match="could not be compared"):
        call_command("reconcile_payments")

    told = capsys.readouterr().out
    assert "asked about 2 payments; 0 agreed, 2 repaired, 0 with a case" in told
    assert "1 failed" in told
    assert "can't be reconciled" in caplog.text
    entry = ReconciliationEntry.objects.get(done="failed")
    assert (entry.payment, entry.had, entry.has) == (broken, "pending", "pending")
    assert entry.said == "UnknownProvider: bank-of-nowhere"
    assert {state(payment)[0] for payment in fine} == {"failed"}
    assert state(broken)[0] == "pending"
    assert not any(violations().values())


def test_payments_that_fail_do_not_keep_others_from_their_turn(unused, settings):
    unused(2, provider="bank-of-nowhere")
    unused(1)
    assert counts(reconcile_payments(limit=2)) == {"failed": 2}

    assert counts(reconcile_payments(limit=1)) == {"asked": 1, "repaired": 1}

    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    report = reconcile_payments(limit=1)
    assert (counts(report), report.ended) == ({}, "complete")  # and a job comes to its end


def test_an_attempt_that_can_not_be_asked_about_stays_as_it_is(unused):
    payment, other = unused(2)
    Payment.objects.filter(pk=payment.pk).update(provider_request={})

    report = reconcile_payments()

    assert counts(report) == {"asked": 1, "repaired": 1, "failed": 1}
    assert state(payment)[0] == "pending"
    assert state(other)[0] == "failed"


class Rambling:
    """A provider whose number for the money is longer than we can keep."""

    name = "rambling"
    query_interval = not_found_margin = timedelta(0)

    def query(self, payment, now):
        return Answer(Result(payment.txn_ref, Outcome.PAID, transaction_no="9" * 51))

    def redact(self, message):
        return dict(message)


def test_an_answer_that_can_not_be_recorded_is_undone_as_a_whole(unused, monkeypatch):
    monkeypatch.setitem(PROVIDERS, "rambling", Rambling())
    [payment] = unused(provider="rambling")
    before = everything()

    report = reconcile_payments()

    assert counts(report) == {"failed": 1}
    assert everything() == before
    assert ReconciliationEntry.objects.get().said.startswith("DataError: ")
    assert state(payment) == ("pending", "expired", {"available"})
    assert not any(violations().values())


def test_the_command_says_what_it_did(captured, capsys):
    call_command("reconcile_payments", "--limit", "5", "--days", "3")

    report = Reconciliation.objects.get()
    assert capsys.readouterr().out == (
        f"Report {report.pk}: asked about 1 payments; 1 agreed, 0 repaired, 0 with a case, "
        "0 without a final answer. 0 failed. Ended because everything due was asked about.\n"
    )


@pytest.mark.parametrize("option", ["--limit", "--days"])
@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_the_command_refuses_what_makes_no_sense(option, value):
    with pytest.raises(CommandError):
        call_command("reconcile_payments", f"{option}={value}")

    assert not Reconciliation.objects.exists()


def test_a_run_whose_time_is_up_asks_nobody_any_more(unused):
    """A job has a lease, and a provider may take long for each answer."""
    unused(2)

    report = reconcile_payments(seconds=0)

    assert (counts(report), report.ended) == ({}, "limit")
    assert not ProviderMessage.objects.filter(channel="query").exists()
    assert counts(reconcile_payments(seconds=60)) == {"asked": 2, "repaired": 2}


def test_a_run_whose_time_is_up_in_silence_leaves_the_provider_alone(unused, vnpay):
    """It would go on at once otherwise, question after question."""
    unused(3)
    vnpay.set_weather(query_99=True, api_slow_seconds=0.5)

    report = reconcile_payments(seconds=0.4)

    assert (counts(report), report.ended) == ({"asked": 1, "unanswered": 1}, "silence")


def test_a_limit_leaves_the_rest_to_the_next_run(unused):
    unused(3)

    first, second = reconcile_payments(limit=2), reconcile_payments(limit=2)

    assert (counts(first), first.ended) == ({"asked": 2, "repaired": 2}, "limit")
    assert (counts(second), second.ended) == ({"asked": 1, "repaired": 1}, "complete")


def test_the_job_works_in_slices_until_nothing_is_due(unused):
    unused(3)
    Job.objects.all().delete()
    job = enqueue("payments.reconcile", run_at=timezone.now(), limit=2)

    outcomes = [dict(run_due_jobs()) for _ in range(2)]

    assert outcomes == [{"postponed": 1}, {"done": 1}]
    assert Job.objects.get(pk=job.pk).status == "done"
    assert sorted(Reconciliation.objects.values_list("asked", flat=True)) == [1, 2]


def test_questions_and_answers_are_kept_without_secrets(captured):
    reconcile_payments()

    kept = ProviderMessage.objects.filter(channel__in=["query", "answer"])
    assert [message.body["vnp_SecureHash"] for message in kept] == ["[removed]"] * 2


def test_an_operator_reads_the_report_and_its_payments(expired, client):
    client.force_login(User.objects.create_superuser("boss", "boss@example.org"))
    report = reconcile_payments()

    runs = client.get(reverse("admin:payments_reconciliation_changelist")).content.decode()
    rows = reverse("admin:payments_reconciliationentry_changelist")
    link = f"{rows}?run__id__exact={report.pk}"

    assert link in runs
    page = client.get(reverse("admin:payments_reconciliation_change", args=[report.pk]))
    assert link in page.content.decode()
    assert expired.txn_ref in client.get(link).content.decode()
    other = client.get(f"{rows}?run__id__exact={report.pk + 1}")
    assert expired.txn_ref not in other.content.decode()


def test_nobody_changes_a_report_and_members_see_none(expired, client):
    report = reconcile_payments()
    page = reverse("admin:payments_reconciliation_change", args=[report.pk])
    boss = User.objects.create_superuser("boss", "boss@example.org")
    member = User.objects.create_user("member", "member@example.org", is_staff=True)
    member.user_permissions.set(Permission.objects.all())

    client.force_login(boss)
    assert client.post(page, {"asked": 7}).status_code == 403
    client.force_login(member)
    assert client.get(page).status_code == 403

    assert Reconciliation.objects.get().asked == 1


BREAKAGES = {
    "payment_orphaned_case_ends_with_the_answer": """
        UPDATE payments_payment SET status = 'failed'
    """,
    "reconciliation_lists_what_did_not_agree": "DELETE FROM payments_reconciliationentry",
}


@pytest.mark.owner
@pytest.mark.parametrize("rule", BREAKAGES)
def test_a_broken_rule_is_found(expired, vnpay, rule):
    vnpay.set_weather(api_down=True)
    reconcile_payments()
    assert violations()[rule] == 0

    with connection.cursor() as cursor:
        cursor.execute(BREAKAGES[rule])

    assert violations()[rule] == 1
