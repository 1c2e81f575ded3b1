"""What a campaign can't give back by itself is listed with the reason, and can be retried."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from payments.models import Reversal
from payments.services import settle_order
from refunds import handlers
from refunds.models import Refund
from refunds.services import (
    advance_campaign,
    mark_refund_failed,
    mark_refund_paid,
    report_campaign,
    retry_campaign,
    retry_refund,
    run_campaign,
)
from tests.factories import PaymentFactory, from_now, placed_order, reread, seats_in_area
from tests.payments.reconciled import let_time_pass
from tests.refunds.campaigns import (
    books,
    buy,
    cancel,
    entries,
    entry,
    finish,
    refuse,
    start,
    take_up,
    wait_for,
)
from tests.refunds.moved import ask, tickets_of
from tests.refunds.stand_in import given_back, work
from tests.rules import broken_rules
from ticketing.models import Event


@pytest.fixture
def refused(vnpay, payment, event, admin):
    """A campaign whose one refund the provider took and then refused."""
    refuse(vnpay, payment)
    cancel(event, admin)
    campaign = start(event, admin)
    assert finish(campaign) == "completed"
    vnpay.clear_weather(payment.txn_ref)
    return campaign


def test_what_the_provider_refuses_is_listed(refused, payment):
    listed = entry(refused, payment.order)
    refund = Refund.objects.get()

    assert (listed.status, refund.status) == ("listed", "payment_failed")
    assert listed.refund == refund
    assert f"Refund {refund.pk} waits for a decision" in listed.note
    assert books(payment.order) == ("paid", 0, 1_000_000)
    assert reread(refused).totals["listed"] == 1
    assert broken_rules() == {}


def test_a_listed_order_is_done_once_a_person_has_paid_it(refused, payment, admin):
    refund = Refund.objects.get()
    mark_refund_paid(refund_id=refund.pk, by=admin, evidence="Transfer 17.")

    done = entry(refused, payment.order)
    assert (done.status, done.note, done.refund) == ("done", "", refund)
    assert report_campaign(campaign_id=refused.pk).counts["done"] == 1
    retry_campaign(campaign_id=refused.pk, by=admin, reason="All paid by hand.")
    assert finish(refused) == "completed"
    assert reread(done).status == "done"
    assert broken_rules() == {}


def test_a_listed_order_is_refunded_anew_once_a_person_has_given_its_refund_up(
    vnpay, refused, payment, admin
):
    failed = Refund.objects.get()
    mark_refund_failed(refund_id=failed.pk, by=admin, reason="Nothing went back.")

    retry_campaign(campaign_id=refused.pk, by=admin, reason="Once more.")

    assert finish(refused) == "completed"
    assert entry(refused, payment.order).status == "done"
    assert entry(refused, payment.order).refund != failed
    assert given_back(vnpay, payment) == [1_000_000]
    assert books(payment.order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_a_refund_that_is_retried_is_followed_again(vnpay, refused, payment, admin):
    """Retrying the campaign finds nothing new to approve, and keeps to the refund there is."""
    refund = Refund.objects.get()
    retry_refund(refund_id=refund.pk, by=admin, note="VNPay says that it did nothing.")

    retry_campaign(campaign_id=refused.pk, by=admin, reason="Once more.")
    take_up(refused)

    assert entry(refused, payment.order).refund == refund
    assert entries(refused) == {"refunding": 1}
    assert finish(refused) == "completed"
    assert entries(refused) == {"done": 1}
    assert broken_rules() == {}


def test_a_running_campaign_follows_a_retried_refund_by_itself(
    vnpay, client, showing, payment, event, admin
):
    waiting = PaymentFactory(
        order=placed_order(
            seats_in_area(1, showing=showing),
            payment_started_at=from_now(),
            expires_at=from_now(seconds=50),
        )
    )
    refuse(vnpay, payment)
    cancel(event, admin)
    campaign = start(event, admin)
    take_up(campaign)
    wait_for(Refund.objects.get(), "payment_failed")
    take_up(campaign)
    assert entry(campaign, payment.order).status == "listed"
    vnpay.clear_weather(payment.txn_ref)

    retry_refund(refund_id=Refund.objects.get().pk, by=admin, note="VNPay did nothing.")
    take_up(campaign)

    assert entry(campaign, payment.order).status == "refunding"
    assert entry(campaign, payment.order).note == ""
    let_time_pass()
    settle_order(order_id=waiting.order_id)
    assert finish(campaign) == "completed"
    assert entries(campaign) == {"done": 1}


def test_an_earlier_refund_that_failed_lists_its_order_until_it_is_settled(
    vnpay, payment, event, admin
):
    order = payment.order
    refuse(vnpay, payment)
    earlier = ask(order, tickets_of(order)[:1])
    wait_for(earlier, "payment_failed")
    vnpay.clear_weather(payment.txn_ref)
    cancel(event, admin)

    campaign = start(event, admin)

    assert finish(campaign) == "completed"
    listed = entry(campaign, order)
    assert (listed.status, books(order)) == ("listed", ("partial_refunded", 600_000, 400_000))
    assert f"Refund {earlier.pk} waits for a decision" in listed.note

    mark_refund_failed(refund_id=earlier.pk, by=admin, reason="VNPay did nothing.")
    retry_campaign(campaign_id=campaign.pk, by=admin, reason="Once more.")
    assert finish(campaign) == "completed"
    assert entry(campaign, order).status == "done"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert sum(given_back(vnpay, payment)) == 1_000_000
    assert broken_rules() == {}


def test_an_order_behind_a_refund_whose_end_nobody_knows_is_listed(vnpay, payment, event, admin):
    """The campaign's own refund waits for its turn, which does not come without a person."""
    order = payment.order
    earlier = ask(order, tickets_of(order)[:1])
    vnpay.set_weather(payment.txn_ref, api_down="cut")
    work(rounds=3)
    reversal = Reversal.objects.get()
    Reversal.objects.update(unclear_at=from_now(), due_at=None)
    handlers.record_unclear_reversal(reversal_id=reversal.pk)
    vnpay.clear_weather(payment.txn_ref)
    assert reread(earlier).status == "payment_failed"
    cancel(event, admin)

    campaign = start(event, admin)
    assert finish(campaign) == "completed"

    assert entry(campaign, order).status == "listed"
    assert Refund.objects.get(reason="cancelled").status == "approved"
    mark_refund_failed(refund_id=earlier.pk, by=admin, reason="VNPay did nothing.")
    work()
    retry_campaign(campaign_id=campaign.pk, by=admin, reason="Once more.")
    assert finish(campaign) == "completed"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_an_order_that_fails_is_listed_and_stops_no_other(
    vnpay, client, showing, payment, event, admin, monkeypatch
):
    other = buy(vnpay, client, showing)
    cancel(event, admin)
    campaign = start(event, admin)
    honest = run_campaign.refund_whole_orders

    def fail(orders, *args, **kwargs):
        if payment.order in orders:
            raise ZeroDivisionError("no\0luck")
        return honest(orders, *args, **kwargs)

    monkeypatch.setattr(run_campaign, "refund_whole_orders", fail)
    assert finish(campaign) == "completed"

    assert entry(campaign, other.order).status == "done"
    listed = entry(campaign, payment.order)
    assert (listed.status, listed.note) == ("listed", "ZeroDivisionError: noluck")
    monkeypatch.setattr(run_campaign, "refund_whole_orders", honest)
    retry_campaign(campaign_id=campaign.pk, by=admin, reason="It is mended.")
    assert finish(campaign) == "completed"
    assert entries(campaign) == {"done": 2}
    assert broken_rules() == {}


def test_trouble_of_the_database_lists_nobody(payment, event, admin, monkeypatch):
    cancel(event, admin)
    campaign = start(event, admin)

    def fail(*args, **kwargs):
        raise OperationalError("deadlock detected")

    with monkeypatch.context() as patched:
        patched.setattr(run_campaign, "refund_whole_orders", fail)
        with pytest.raises(OperationalError):
            advance_campaign(campaign_id=campaign.pk)

    assert entries(campaign) == {"waiting": 1}
    assert finish(campaign) == "completed"
    assert entries(campaign) == {"done": 1}


def test_what_fails_before_any_order_is_taken_up_is_no_orders_fault(payment, event, admin):
    cancel(event, admin)
    campaign = start(event, admin)
    campaign.event_id = 0

    with pytest.raises(Event.DoesNotExist):
        run_campaign.take_some(campaign, most=100)

    assert entries(campaign) == {}
    campaign.refresh_from_db()
    assert finish(campaign) == "completed"
    assert entries(campaign) == {"done": 1}
