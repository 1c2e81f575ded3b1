"""Setting money of a payment aside to go back, and a person's word on how that ended."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_fsm import TransitionNotAllowed
from django_fsm_log.models import StateLog

from jobs.models import Job
from payments.errors import (
    PaymentNotCaptured,
    ReversalInProgress,
    ReversalNotDecidable,
    ReversalTooLarge,
)
from payments.models import Payment, Reversal
from payments.operations.reversals import Wish, open_reversals
from payments.services import due_reversals
from tests.factories import PaymentFactory, from_now, paid_order
from tests.payments.reversed import (
    ENDED,
    all_about_money,
    broken_rules,
    decide,
    facts,
    give_back,
    reversed_amount,
)

ALL = Decimal(1_000_000)


@pytest.fixture
def payment():
    return paid_order().payments.get()


@pytest.fixture
def boss():
    return User.objects.create_superuser("boss", "boss@example.org")


def bring_to(reversal, status):
    """By logged transitions, as its service does."""
    told = {"by": None, "at": timezone.now(), "reason": "The test begins so."}
    reversal.send(**told, request={})
    if status in ("accepted", "unknown"):
        {"accepted": reversal.accept, "unknown": reversal.doubt}[status](**told)
    reversal.save()


def test_the_whole_amount_goes_back_in_full_by_a_job(payment):
    reversal = give_back(payment)

    assert (reversal.status, reversal.amount, reversal.is_full) == ("created", ALL, True)
    assert len(reversal.request_id) == 32
    assert reversed_amount(payment) == ALL
    job = Job.objects.get(topic="payments.reversal_due")
    assert job.payload == {"reversal_id": reversal.pk}
    assert due_reversals(timezone.now(), 10) == [reversal.pk]
    assert broken_rules() == {}


def test_a_part_goes_back_as_a_partial_reversal(payment):
    reversal = give_back(payment, Decimal("300000.50"))

    assert not reversal.is_full
    assert reversed_amount(payment) == Decimal("300000.50")


def test_the_whole_amount_is_a_partial_reversal_once_a_partial_one_was_tried(payment, boss):
    decide(give_back(payment, 400_000), succeeded=False, by=boss)
    assert reversed_amount(payment) == 0

    assert not give_back(payment).is_full


def test_the_whole_amount_is_asked_for_in_full_again_after_a_full_one_was_rejected(payment, boss):
    decide(give_back(payment), succeeded=False, by=boss)

    assert give_back(payment).is_full


def test_long_texts_are_cut(payment):
    reversal = give_back(payment, reason="ề" * 300, requested_by="x" * 300)

    assert (len(reversal.reason), len(reversal.requested_by)) == (255, 100)


def test_only_one_is_open_at_a_time(payment):
    give_back(payment, 1)
    before = all_about_money()

    with pytest.raises(ReversalInProgress):
        give_back(payment, 1)

    assert all_about_money() == before


def test_of_two_that_are_opened_together_the_second_waits_for_the_first(payment):
    first = Wish(payment, Decimal(1), "The first.", "boss")
    second = first._replace(reason="The second.")

    with transaction.atomic():
        opened, refusal = open_reversals([first, second], at=timezone.now())

    assert Reversal.objects.get() == opened
    assert isinstance(refusal, ReversalInProgress)
    assert reversed_amount(payment) == 1


@pytest.mark.parametrize("amount", [ALL + 1, ALL + Decimal("0.01")])
def test_no_more_goes_back_than_came(payment, amount):
    before = all_about_money()

    with pytest.raises(ReversalTooLarge):
        give_back(payment, amount)

    assert all_about_money() == before


def test_what_went_back_before_counts(payment, boss):
    decide(give_back(payment, 700_000), succeeded=True, by=boss)
    before = all_about_money()

    with pytest.raises(ReversalTooLarge, match="300,000"):
        give_back(payment, 300_001)

    assert all_about_money() == before
    assert give_back(payment, 300_000).amount == 300_000


@pytest.mark.parametrize("end", [None, "fail", "suspect"])
def test_only_captured_money_goes_back(end):
    payment = PaymentFactory()
    if end:
        more = {"transaction_no": "1"} if end == "suspect" else {}
        getattr(payment, end)(by=None, at=from_now(), reason="So it begins.", code="1", **more)
        payment.save()
    before = all_about_money()

    with pytest.raises(PaymentNotCaptured):
        give_back(payment)

    assert all_about_money() == before


@pytest.mark.parametrize("status", ["created", "unknown", "accepted"])
@pytest.mark.parametrize(("succeeded", "end"), [(True, "succeeded"), (False, "rejected")])
def test_a_person_ends_what_the_provider_leaves_open(payment, boss, status, succeeded, end):
    reversal = give_back(payment, 400_000)
    if status != "created":
        bring_to(reversal, status)

    decide(reversal, succeeded=succeeded, by=boss)

    closed = Reversal.objects.get()
    assert (closed.status, closed.due_at) == (end, None)
    assert closed.finished_at
    assert reversed_amount(payment) == (400_000 if succeeded else 0)
    assert facts(reversal) == [ENDED]
    entry = StateLog.objects.for_(reversal).filter(state=end).get()
    assert (entry.by, entry.description) == (boss, "Looked up at VNPay.")
    assert broken_rules() == {}


def test_nobody_decides_while_the_call_may_be_running(payment, boss):
    reversal = give_back(payment)
    bring_to(reversal, "sent")
    before = all_about_money()

    with pytest.raises(ReversalNotDecidable):
        decide(reversal, succeeded=False, by=boss)

    assert all_about_money() == before


@pytest.mark.parametrize("succeeded", [True, False])
def test_what_has_ended_is_not_decided_again(payment, boss, succeeded):
    reversal = give_back(payment)
    decide(reversal, succeeded=succeeded, by=boss)
    before = all_about_money()

    with pytest.raises(ReversalNotDecidable):
        decide(reversal, succeeded=not succeeded, by=boss)

    assert all_about_money() == before


@pytest.fixture
def refused():
    """Whatever breaks the named rule, in a transaction of its own."""

    def refuse(rule, action):
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            action()

    return refuse


def row(payment, **fields):
    values = {"amount": 1, "is_full": False, "provider": "vnpay", "created_at": timezone.now()}
    return Reversal(payment=payment, **{**values, **fields})


def test_the_database_itself_lets_only_one_be_open(payment, refused):
    give_back(payment, 1)

    refused("reversal_one_open_per_payment", row(payment).save)

    assert Reversal.objects.count() == 1


@pytest.mark.parametrize("amount", [-1, ALL + 1])
def test_the_database_itself_lets_no_more_go_back_than_came(payment, refused, amount):
    rows = Payment.objects.filter(pk=payment.pk)

    refused("payment_reversed_at_most_amount", lambda: rows.update(reversed_amount=amount))

    assert reversed_amount(payment) == 0


@pytest.mark.parametrize("amount", [0, -1])
def test_the_database_itself_refuses_a_reversal_of_nothing(payment, refused, amount):
    refused("reversal_amount_positive", row(payment, amount=amount).save)


def test_the_database_itself_lets_no_request_id_be_used_twice(payment, boss, refused):
    first = give_back(payment, 1)
    decide(first, succeeded=False, by=boss)

    refused("request_id", row(payment, request_id=first.request_id).save)


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("reversal_status_valid", {"status": "gone"}),
        ("reversal_finished_at_when_final", {"status": "succeeded"}),
        ("reversal_finished_at_when_final", {"finished_at": from_now(), "due_at": None}),
        ("reversal_due_unless_final", {"status": "rejected", "finished_at": from_now()}),
        ("reversal_sent_at_when_on_the_way", {"status": "unknown"}),
    ],
)
def test_the_database_itself_refuses_a_reversal_that_makes_no_sense(payment, refused, rule, fields):
    reversal = give_back(payment)

    refused(rule, lambda: Reversal.objects.filter(pk=reversal.pk).update(**fields))

    assert Reversal.objects.get().status == "created"


def test_a_reversal_that_has_ended_moves_no_more(payment, boss):
    decide(give_back(payment), succeeded=False, by=boss)
    reversal = Reversal.objects.get()
    told = {"by": None, "at": timezone.now(), "reason": "No."}

    for step in (reversal.accept, reversal.succeed, reversal.doubt, reversal.retry_as_partial):
        with pytest.raises(TransitionNotAllowed):
            step(**told)

    assert reversal.status == "rejected"


def test_those_longest_due_come_first_and_those_in_the_future_not_at_all():
    payments = [paid_order().payments.get() for _ in range(3)]
    late, later, latest = (give_back(payment) for payment in payments)
    now = timezone.now()
    for reversal, seconds in ((late, -1), (later, -60), (latest, 60)):
        due_at = now + timedelta(seconds=seconds)
        Reversal.objects.filter(pk=reversal.pk).update(due_at=due_at)

    assert due_reversals(now, 10) == [later.pk, late.pk]
    assert due_reversals(now, 1) == [later.pk]
