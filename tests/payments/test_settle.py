"""Settling, with questions asked of the stand-in over HTTP."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs.models import Job
from jobs.services import run_due_jobs
from orders.errors import OrderNotCancellable
from orders.models import Order, Ticket
from orders.services import cancel_order
from payments.models import Payment, PaymentCase, ProviderMessage
from payments.providers import Customer
from payments.services import settle_order, settle_overdue_orders, start_payment
from payments.services.settle import Settled
from tests.factories import PaymentFactory, from_now, overdue_order, placed_order
from tests.payments.reconciled import state
from tests.payments.vnpay_calls import success, suspicion
from ticketing.invariants import violations


@pytest.fixture
def attempt(vnpay):
    """An order with an attempt to pay whose link is open at VNPay; nothing was paid yet."""
    order = placed_order()
    payment = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
    vnpay.open(payment.payment_url)
    return payment


def let_time_pass(payment, **delta):
    """Move the order's whole life into the past, so that its time is up."""
    shift = timedelta(**(delta or {"minutes": 16}))
    order = payment.order
    Order.objects.filter(pk=order.pk).update(
        created_at=order.created_at - shift, expires_at=order.expires_at - shift
    )


def settle(payment):
    return settle_order(order_id=payment.order_id)


def test_an_order_without_any_attempt_expires_without_asking_anybody(settings):
    settings.VNPAY_API_URL = "http://127.0.0.1:9/nobody/listens"
    order = overdue_order()

    assert settle_order(order_id=order.pk) is None

    order = Order.objects.get(pk=order.pk)
    assert order.status == "expired"
    assert set(order.holds.values_list("status", "seat__status")) == {("released", "available")}
    assert not ProviderMessage.objects.exists()
    assert not any(violations().values())


def test_before_the_deadline_nothing_is_settled(attempt):
    again_at = settle(attempt)

    assert again_at == attempt.order.expires_at
    assert state(attempt) == ("pending", "pending_payment", {"held"})
    assert not ProviderMessage.objects.filter(channel="query").exists()


def test_a_payment_whose_callbacks_never_came_is_found_by_asking(attempt, vnpay):
    vnpay.decide(attempt.txn_ref, "success")
    let_time_pass(attempt)

    assert settle(attempt) is None

    assert state(attempt) == ("captured", "paid", {"sold"})
    assert Ticket.objects.filter(order=attempt.order).count() == 2
    assert not any(violations().values())


def test_a_refused_payment_fails_the_order_and_frees_the_seats(attempt, vnpay):
    vnpay.decide(attempt.txn_ref, "insufficient")
    let_time_pass(attempt)

    assert settle(attempt) is None

    assert state(attempt) == ("failed", "failed", {"available"})
    assert not any(violations().values())


def test_a_link_that_was_never_opened_lets_the_order_expire(vnpay):
    order = overdue_order()
    payment = PaymentFactory(order=order)

    assert settle(payment) is None

    assert state(payment) == ("failed", "expired", {"available"})
    assert not any(violations().values())


def test_not_found_is_not_believed_before_the_margin_is_over(vnpay, settings):
    settings.VNPAY_NOT_FOUND_MARGIN_SECONDS = 60
    payment = PaymentFactory(order=overdue_order())

    again_at = settle(payment)

    assert again_at == payment.order.expires_at + timedelta(seconds=60)
    assert state(payment) == ("pending", "pending_payment", {"held"})


def test_one_paid_attempt_among_several_pays_the_order(attempt, vnpay):
    second = start_payment(
        order_id=attempt.order_id, provider="vnpay", customer=Customer("127.0.0.1")
    )
    vnpay.decide(attempt.txn_ref, "cancel")
    vnpay.pay(second.payment_url, "success")
    let_time_pass(attempt)

    assert settle(attempt) is None

    assert state(attempt)[:2] == ("failed", "paid")
    assert state(second)[:2] == ("captured", "paid")


def test_two_paid_attempts_give_one_order_and_one_debt(attempt, vnpay):
    second = start_payment(
        order_id=attempt.order_id, provider="vnpay", customer=Customer("127.0.0.1")
    )
    vnpay.decide(attempt.txn_ref, "success")
    vnpay.pay(second.payment_url, "success")
    let_time_pass(attempt)

    assert settle(attempt) is None

    assert Order.objects.get().status == "paid"
    [case] = PaymentCase.objects.all()
    assert (case.kind, case.amount_owed) == ("duplicate", attempt.amount)
    assert Ticket.objects.count() == 2
    assert not any(violations().values())


def test_a_suspected_payment_keeps_its_seats_while_vnpay_thinks(attempt, vnpay):
    vnpay.decide(attempt.txn_ref, "fraud")
    let_time_pass(attempt)

    assert settle(attempt) > timezone.now()

    assert state(attempt) == ("review", "pending_payment", {"held"})
    assert PaymentCase.objects.get().kind == "suspected_fraud"


def test_a_suspected_payment_keeps_its_seats_while_vnpay_does_not_find_it(attempt, vnpay, call_ipn):
    call_ipn(suspicion(attempt))
    let_time_pass(attempt)

    assert settle(attempt) is not None

    assert state(attempt) == ("review", "pending_payment", {"held"})
    cases = PaymentCase.objects.order_by("kind").values_list("kind", "status")
    assert list(cases) == [("contradicted", "open"), ("suspected_fraud", "open")]
    assert not any(violations().values())


SILENCE = [
    {"api_down": True},
    {"api_down": "cut"},
    {"answer_lost": True},
    {"query_94": True},
    {"query_99": True},
    {"query_unsigned": True},
]


@pytest.mark.parametrize("weather", SILENCE)
def test_without_an_answer_the_seats_stay_held_and_it_asks_again(attempt, vnpay, weather):
    vnpay.decide(attempt.txn_ref, "success")
    vnpay.set_weather(**weather)
    let_time_pass(attempt)

    again_at = settle(attempt)

    assert again_at > timezone.now()
    assert state(attempt) == ("pending", "pending_payment", {"held"})
    vnpay.clear_weather()
    assert settle(attempt) is None
    assert state(attempt) == ("captured", "paid", {"sold"})


def test_after_the_grace_a_silent_provider_loses_the_seats_but_not_the_money(
    attempt, vnpay, call_ipn, caplog
):
    vnpay.decide(attempt.txn_ref, "success")
    vnpay.set_weather(api_down=True)
    let_time_pass(attempt, minutes=80)

    with caplog.at_level(logging.ERROR):
        assert settle(attempt) is None

    assert state(attempt) == ("pending", "expired", {"available"})
    assert "is still unknown" in caplog.text
    assert PaymentCase.objects.get().kind == "orphaned"

    call_ipn(success(attempt))

    assert state(attempt) == ("captured", "expired", {"available"})
    late = PaymentCase.objects.get(kind="late")
    assert late.amount_owed == attempt.amount
    assert not any(violations().values())


def test_the_questions_become_rarer_and_end_with_the_grace(attempt, vnpay, settings):
    settings.SETTLE_GRACE_SECONDS = 3600
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    vnpay.set_weather(api_down=True)

    let_time_pass(attempt, minutes=16)
    soon = settle(attempt) - timezone.now()
    let_time_pass(attempt, minutes=16 + 20)
    later = settle(attempt) - timezone.now()
    let_time_pass(attempt, minutes=15 + 59)
    last = settle(attempt)

    assert timedelta(minutes=4) < soon < later
    order = Order.objects.get(pk=attempt.order_id)
    assert last <= order.expires_at + timedelta(seconds=3600) + timedelta(minutes=1)


def test_vnpay_is_not_asked_twice_within_five_minutes(attempt, vnpay, settings):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    vnpay.set_weather(query_99=True)
    let_time_pass(attempt)

    for _ in range(3):
        settle(attempt)

    assert len(vnpay.transaction(attempt.txn_ref)["api_calls"]) == 1


def questions():
    asked = ProviderMessage.objects.filter(channel="query").order_by("pk")
    return list(asked.values_list("txn_ref", flat=True))


def test_who_is_out_of_time_leaves_the_other_attempts_to_the_next_time(attempt, vnpay):
    vnpay.decide(attempt.txn_ref, "success")
    let_time_pass(attempt)

    again_at = settle_order(order_id=attempt.order_id, seconds=0)

    assert again_at > timezone.now()
    assert state(attempt) == ("pending", "pending_payment", {"held"})
    assert questions() == []
    assert settle(attempt) is None
    assert state(attempt) == ("captured", "paid", {"sold"})


def test_nobody_gives_an_order_up_while_another_one_asks(attempt, vnpay, settings):
    """After an outage its own job and the sweep come to the same overdue order at the same time."""
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    vnpay.decide(attempt.txn_ref, "success")
    let_time_pass(attempt, minutes=80)
    Payment.objects.update(queried_at=timezone.now())

    again_at = settle(attempt)

    assert state(attempt) == ("pending", "pending_payment", {"held"})
    assert not PaymentCase.objects.exists()
    assert timezone.now() < again_at <= timezone.now() + timedelta(minutes=1)
    Payment.objects.update(queried_at=timezone.now() - timedelta(minutes=6))
    assert settle(attempt) is None
    assert state(attempt) == ("captured", "paid", {"sold"})


def test_no_attempt_is_given_up_that_nobody_asked_about_at_last(attempt, vnpay):
    vnpay.decide(attempt.txn_ref, "success")
    Payment.objects.update(queried_at=from_now(minutes=-10))
    let_time_pass(attempt, minutes=80)

    assert settle_order(order_id=attempt.order_id, seconds=0) is not None

    assert state(attempt) == ("pending", "pending_payment", {"held"})
    assert settle(attempt) is None
    assert state(attempt) == ("captured", "paid", {"sold"})


def test_attempts_that_are_asked_about_in_turns_are_given_up_all_the_same(attempt, vnpay, settings):
    """Nobody may ask again for five minutes, and every round asks about another one."""
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    PaymentFactory(order=attempt.order, queried_at=from_now(minutes=-4))
    Payment.objects.filter(pk=attempt.pk).update(queried_at=from_now(minutes=-2))
    let_time_pass(attempt, minutes=80)

    assert settle(attempt) is None

    assert state(attempt) == ("pending", "expired", {"available"})
    assert questions() == []
    assert PaymentCase.objects.filter(kind="orphaned").count() == 2


def test_an_attempt_that_another_one_has_just_asked_about_is_waited_for(attempt, vnpay, settings):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    vnpay.set_weather(query_99=True)
    PaymentFactory(order=attempt.order, queried_at=from_now(seconds=-25))
    let_time_pass(attempt, minutes=80)

    assert settle(attempt) is not None

    assert questions() == [attempt.txn_ref]
    assert state(attempt) == ("pending", "pending_payment", {"held"})
    assert not PaymentCase.objects.exists()
    Payment.objects.update(queried_at=from_now(seconds=-90))
    assert settle(attempt) is None
    assert state(attempt) == ("pending", "expired", {"available"})


def test_the_attempt_that_nobody_asked_about_yet_is_the_next(attempt, vnpay):
    vnpay.set_weather(query_99=True)
    newer = PaymentFactory(order=attempt.order, queried_at=None)
    Payment.objects.filter(pk=attempt.pk).update(queried_at=from_now(minutes=-10))
    let_time_pass(attempt)

    settle(attempt)

    assert questions() == [newer.txn_ref, attempt.txn_ref]


def test_an_order_whose_late_money_is_being_settled_is_not_cancelled(attempt, call_ipn):
    let_time_pass(attempt)
    assert call_ipn(success(attempt)) == "00"
    assert state(attempt) == ("captured", "pending_payment", {"held"})

    with pytest.raises(OrderNotCancellable):
        cancel_order(order_id=attempt.order_id, by=attempt.order.customer)

    assert settle(attempt) is None
    assert state(attempt) == ("captured", "paid", {"sold"})
    assert not any(violations().values())


def test_money_captured_for_an_order_that_ended_meanwhile_is_owed(attempt, call_ipn):
    """Two clocks may differ: one finds it overdue, the other lets it be cancelled."""
    let_time_pass(attempt)
    call_ipn(success(attempt))
    Order.objects.filter(pk=attempt.order_id).update(expires_at=from_now(seconds=30))
    cancel_order(order_id=attempt.order_id, by=attempt.order.customer)

    run_due_jobs()

    case = PaymentCase.objects.get()
    assert (case.kind, case.amount_owed) == ("late", attempt.amount)
    assert settle(attempt) is None
    assert PaymentCase.objects.count() == 1
    assert not any(violations().values())


def test_money_captured_for_an_order_that_another_attempt_paid_meanwhile_is_owed(attempt, call_ipn):
    """Two clocks may differ: one finds it overdue, the other takes a second payment in time."""
    second = start_payment(
        order_id=attempt.order_id, provider="vnpay", customer=Customer("127.0.0.1")
    )
    let_time_pass(attempt)
    call_ipn(success(attempt))
    Order.objects.filter(pk=attempt.order_id).update(expires_at=from_now(seconds=30))
    assert call_ipn(success(second)) == "00"

    run_due_jobs()

    case = PaymentCase.objects.get()
    assert (case.kind, case.payment, case.amount_owed) == ("duplicate", attempt, attempt.amount)
    assert state(second) == ("captured", "paid", {"sold"})
    assert settle(attempt) is None
    assert PaymentCase.objects.count() == 1
    assert not any(violations().values())


def test_a_second_settling_changes_nothing(attempt, vnpay):
    vnpay.decide(attempt.txn_ref, "success")
    let_time_pass(attempt)
    settle(attempt)
    before = state(attempt)

    assert settle(attempt) is None

    assert state(attempt) == before
    assert Ticket.objects.count() == 2


def test_questions_and_answers_are_kept_without_secrets(attempt, vnpay):
    vnpay.decide(attempt.txn_ref, "success")
    let_time_pass(attempt)

    settle(attempt)

    question, answer = ProviderMessage.objects.filter(channel__in=["query", "answer"])
    assert question.body["vnp_Command"] == "querydr"
    assert answer.body["vnp_TransactionStatus"] == "00"
    assert question.body["vnp_SecureHash"] == answer.body["vnp_SecureHash"] == "[removed]"


def test_the_job_of_an_order_settles_it(attempt, vnpay):
    vnpay.decide(attempt.txn_ref, "success")
    let_time_pass(attempt)
    Job.objects.filter(topic="orders.expiry_due").update(run_at=from_now(seconds=-1))

    run_due_jobs()

    assert state(attempt) == ("captured", "paid", {"sold"})
    assert Job.objects.get(topic="orders.expiry_due").status == "done"


def test_the_job_comes_back_while_the_provider_is_silent(attempt, vnpay, settings):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    vnpay.set_weather(api_down=True)
    let_time_pass(attempt)
    Job.objects.filter(topic="orders.expiry_due").update(run_at=from_now(seconds=-1))

    outcomes = run_due_jobs()

    assert outcomes == {"postponed": 1}
    job = Job.objects.get(topic="orders.expiry_due")
    assert job.status == "pending"
    assert job.run_at > timezone.now()


def test_the_sweep_settles_what_is_overdue_even_without_its_job(capsys):
    orders = [overdue_order() for _ in range(3)]
    running = placed_order()
    Job.objects.all().delete()

    call_command("settle_orders")

    assert "Settled 3 orders" in capsys.readouterr().out
    assert {Order.objects.get(pk=order.pk).status for order in orders} == {"expired"}
    assert Order.objects.get(pk=running.pk).status == "pending_payment"


def test_the_sweep_goes_on_after_an_order_that_fails_and_says_so(capsys):
    broken, fine = overdue_order(), overdue_order()
    PaymentFactory(order=broken, provider="bank-of-nowhere")

    with pytest.raises(CommandError):
        call_command("settle_orders")

    told = capsys.readouterr()
    assert "UnknownProvider" in told.err
    assert Order.objects.get(pk=fine.pk).status == "expired"
    assert Order.objects.get(pk=broken.pk).status == "pending_payment"


def test_a_sweep_whose_time_is_up_leaves_the_rest_to_the_next_one(attempt):
    let_time_pass(attempt)
    untried = overdue_order()

    assert settle_overdue_orders(limit=10, seconds=0) == Settled(1, 0, {})

    assert Order.objects.get(pk=untried.pk).status == "expired"
    assert state(attempt)[1] == "pending_payment"
    assert not ProviderMessage.objects.filter(channel="query").exists()
    assert settle_overdue_orders(limit=10, seconds=60).settled == 1
