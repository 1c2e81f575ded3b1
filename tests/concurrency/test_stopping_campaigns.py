"""Whoever stops a campaign, or overrides what it does, is obeyed from that moment on."""

from __future__ import annotations

import threading

import pytest

from orders.models import OrderQuerySet
from refunds.models import CampaignOrder, Refund, RefundReason
from refunds.operations import campaigns
from refunds.services import (
    advance_campaign,
    override_refund,
    pause_campaign,
    prepare_campaign,
    resume_campaign,
    run_campaign,
    start_campaign,
)
from refunds.services import override as overriding
from tests.concurrency.conftest import NOBODY_WAITS_LONGER, run_together, wait_until_somebody_waits
from tests.concurrency.refunding import order_of
from tests.factories import ShowingFactory, reread, showing_with_sale_end
from tests.refunds.moved import approved, tickets_of
from tests.rules import broken_rules
from tests.ticketing.event_states import event_in, move, new_admin
from ticketing.services import clear_event, confirm_cancellation

ORDERS = 4


@pytest.fixture
def admin():
    return new_admin()


def sold(showing):
    """Its orders, each of one ticket of 500,000 VND."""
    return [order_of(1, showing) for _ in range(ORDERS)]


def begun(event, admin, reason=RefundReason.FRAUD):
    made = prepare_campaign(event_id=event.pk, reason=reason, by=admin)
    return start_campaign(campaign_id=made.pk, by=admin, reason="It was one.")


@pytest.fixture
def running(admin):
    """Of a fraud; its orders wait on its list."""
    event = event_in("published", "confirmed")
    sold(ShowingFactory(event=event))
    campaign = begun(event, admin)
    campaigns.collect(campaign)
    return campaign


def pauses(campaign, admin):
    pause_campaign(campaign_id=campaign.pk, by=admin, reason="Wait.")


def clears(campaign, admin):
    clear_event(event_id=campaign.event_id, by=admin, reason="It was none.")


def beside(action, *arguments):
    """Have it done by somebody else; the thread."""
    other = threading.Thread(target=run_together, args=([lambda: action(*arguments)],))
    other.start()
    return other


def stop_before_it_takes_some(monkeypatch, stop):
    """A worker has looked at the campaign, and somebody stops it before any order is taken up."""
    honest = run_campaign.take_some

    def take_late(campaign, *, most):
        beside(*stop).join()
        return honest(campaign, most=most)

    monkeypatch.setattr(run_campaign, "take_some", take_late)


@pytest.mark.parametrize("stop", [pauses, clears])
def test_no_order_is_taken_up_once_a_campaign_is_stopped(running, admin, monkeypatch, stop):
    stop_before_it_takes_some(monkeypatch, (stop, running, admin))

    advance_campaign(campaign_id=running.pk)

    assert advance_campaign(campaign_id=running.pk) is None
    assert reread(running).status == "paused"
    assert not Refund.objects.exists()
    assert set(CampaignOrder.objects.values_list("status", flat=True)) == {"waiting"}
    assert broken_rules() == {}


@pytest.mark.parametrize("stop", [pauses, clears])
def test_whoever_stops_a_campaign_waits_for_the_orders_that_are_being_taken_up(
    running, admin, monkeypatch, stop
):
    honest, stopped = run_campaign.refund_whole_orders, []

    def refund(*args, **kwargs):
        if not stopped:
            stopped.append(beside(stop, running, admin))
            wait_until_somebody_waits()
        return honest(*args, **kwargs)

    monkeypatch.setattr(run_campaign, "refund_whole_orders", refund)
    monkeypatch.setattr(run_campaign, "AT_ONCE", 1)

    advance_campaign(campaign_id=running.pk)
    stopped[0].join()

    assert advance_campaign(campaign_id=running.pk) is None
    assert Refund.objects.count() == 1
    assert reread(running).status == "paused"
    assert broken_rules() == {}


def test_control_without_the_lock_a_stopped_campaign_goes_on(running, admin, monkeypatch):
    stop_before_it_takes_some(monkeypatch, (pauses, running, admin))
    monkeypatch.setattr(run_campaign, "_stays_running", lambda campaign: True)

    advance_campaign(campaign_id=running.pk)

    assert reread(running).status == "paused"
    assert Refund.objects.count() == ORDERS


def twice_off(admin, *, in_parts=False):
    """The campaigns of an event that is cancelled and a fraud.

    Of orders `in_parts` 80 % are approved already with all of their tickets.
    """
    showing = showing_with_sale_end(days=10)
    for order in sold(showing):
        if in_parts:
            approved(order, tickets_of(order))
    confirm_cancellation(event_id=showing.event_id, by=admin, reason="It rains.")
    move(showing.event, "investigate", "confirm_fraud")
    reasons = (RefundReason.CANCELLED, RefundReason.FRAUD)
    made = [begun(showing.event, admin, reason) for reason in reasons]
    for campaign in made:
        campaigns.collect(campaign)
    return made


def work(campaign):
    return lambda: advance_campaign(campaign_id=campaign.pk)


def test_two_campaigns_at_once_give_each_order_back_once(admin):
    made = twice_off(admin)

    outcomes = run_together([work(campaign) for campaign in made] * 4)

    assert outcomes == {"done": 8}
    assert Refund.objects.count() == ORDERS
    assert [refund.amount for refund in Refund.objects.all()] == [500_000] * ORDERS
    assert set(CampaignOrder.objects.values_list("status", flat=True)) == {"refunding"}
    assert broken_rules() == {}


def test_control_without_the_lock_an_order_is_given_back_by_both(admin, take_away):
    made = twice_off(admin, in_parts=True)
    take_away(OrderQuerySet)

    run_together([work(campaign) for campaign in made])

    amounts = Refund.objects.exclude(reason="personal").values_list("amount", flat=True)
    assert list(amounts) == [100_000] * 2 * ORDERS


@pytest.fixture
def overridden_meanwhile(admin, monkeypatch):
    """Of two campaigns one has taken the orders up; while the other is about to, one is overridden.

    Whoever overrides it has its order's lock, and decides when the campaign waits for that.
    """
    first, second = twice_off(admin)
    pauses(second, admin)
    advance_campaign(campaign_id=first.pk)
    resume_campaign(campaign_id=second.pk, by=admin, reason="Go on.")
    refund, has_lock, honest = Refund.objects.first(), threading.Event(), overriding._keep

    def keep(*args, **kwargs):
        has_lock.set()
        wait_until_somebody_waits()
        return honest(*args, **kwargs)

    def override():
        override_refund(refund_id=refund.pk, percentage=60, by=admin, note="He sold it on.")

    def take_up():
        other = beside(override)
        assert has_lock.wait(NOBODY_WAITS_LONGER)
        advance_campaign(campaign_id=second.pk)
        other.join()
        return Refund.objects.filter(order=refund.order_id)

    monkeypatch.setattr(overriding, "_keep", keep)
    return take_up


def test_an_override_while_another_campaign_waits_for_the_order_stays(overridden_meanwhile):
    refund = overridden_meanwhile().get()

    assert (refund.amount, reread(refund.order).refund_reserved_amount) == (300_000, 300_000)
    assert broken_rules() == {}


def test_control_without_a_look_under_the_lock_the_override_is_undone(
    overridden_meanwhile, monkeypatch
):
    monkeypatch.setattr(campaigns, "kept_from", lambda entries: entries.none())

    refunds = overridden_meanwhile()

    assert sorted(refund.amount for refund in refunds) == [200_000, 300_000]
