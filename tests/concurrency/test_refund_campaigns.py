"""Several people and workers at one campaign: each order is refunded once, each step taken once."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from django_fsm_log.models import StateLog

from jobs.prepared import fetch_all
from orders.models import Order
from refunds.models import CampaignOrder, Refund, RefundCampaign, RefundReason
from refunds.operations import campaigns
from refunds.services import (
    advance_campaign,
    pause_campaign,
    pay_back,
    prepare_campaign,
    retry_campaign,
    run_campaign,
    start_campaign,
)
from refunds.services import campaigns as campaign_services
from tests.concurrency.conftest import (
    NOBODY_WAITS_LONGER,
    closing,
    run_together,
    wait_until_somebody_waits,
)
from tests.factories import EventFactory, ShowingFactory, paid_order, seats_in_area
from tests.rules import broken_rules
from tests.sandbox_process import wait_until
from tests.ticketing.event_states import new_admin
from ticketing.models import Event
from ticketing.models.events import EventQuerySet
from ticketing.services import confirm_cancellation

ORDERS = 30
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.fixture
def admin():
    return new_admin()


@pytest.fixture
def event(admin):
    """It is cancelled; its thirty orders cost nothing, so that no provider is needed."""
    showing = ShowingFactory(event=EventFactory())
    for _ in range(ORDERS):
        paid_order(seats_in_area(1, showing=showing, price=0))
    confirm_cancellation(event_id=showing.event_id, by=admin, reason="It rains.")
    return Event.objects.get(pk=showing.event_id)


@pytest.fixture
def running(event, admin):
    campaign = prepare_campaign(event_id=event.pk, reason=RefundReason.CANCELLED, by=admin)
    return start_campaign(campaign_id=campaign.pk, by=admin, reason="It rains.")


def test_ten_who_prepare_and_start_the_same_do_it_once(event, admin):
    def begin():
        campaign = prepare_campaign(event_id=event.pk, reason=RefundReason.CANCELLED, by=admin)
        start_campaign(campaign_id=campaign.pk, by=admin, reason="It rains.")

    outcomes = run_together([begin] * 10)

    assert outcomes == {"done": 10}
    assert RefundCampaign.objects.get().status == "running"
    assert StateLog.objects.filter(transition="start").count() == 1


def choose_all(event, admin):
    """A draft of all of its orders, by their names: no rule of the database keeps that single."""
    chosen = list(Order.objects.values_list("pk", flat=True))
    return lambda: prepare_campaign(
        event_id=event.pk, reason=RefundReason.CANCELLED, by=admin, order_ids=chosen
    )


def test_ten_who_choose_the_same_orders_make_one_draft(event, admin):
    outcomes = run_together([choose_all(event, admin)] * 10)

    assert outcomes == {"done": 10}
    assert RefundCampaign.objects.get().orders.count() == ORDERS


def test_control_without_the_lock_two_drafts_are_made_of_the_same_orders(event, admin, monkeypatch):
    both_have_read, honest = threading.Barrier(2), campaign_services._find

    def find_together(*args):
        found = honest(*args)
        both_have_read.wait(timeout=NOBODY_WAITS_LONGER)
        return found

    monkeypatch.setattr(EventQuerySet, "get_for_update", lambda rows, pk: rows.get(pk=pk))
    monkeypatch.setattr(campaign_services, "_find", find_together)

    assert run_together([choose_all(event, admin)] * 2) == {"done": 2}
    assert RefundCampaign.objects.count() == 2


def work(campaign):
    return lambda: advance_campaign(campaign_id=campaign.pk)


def test_eight_workers_refund_each_order_once_and_complete_once(running):
    outcomes = run_together([work(running)] * 8)

    assert outcomes == {"done": 8}
    assert Refund.objects.count() == CampaignOrder.objects.count() == ORDERS
    outcomes = run_together([lambda pk=pk: pay_back(refund_id=pk) for pk in refunds() * 3])
    assert outcomes == {"done": 3 * ORDERS}
    assert set(Order.objects.values_list("status", flat=True)) == {"refunded"}
    assert run_together([work(running)] * 8) == {"done": 8}
    assert RefundCampaign.objects.get().status == "completed"
    assert StateLog.objects.for_(running).filter(transition="complete").count() == 1
    assert set(CampaignOrder.objects.values_list("status", flat=True)) == {"done"}
    assert broken_rules() == {}


def refunds():
    return list(Refund.objects.values_list("pk", flat=True))


def test_a_pause_in_mid_work_leaves_the_rest_waiting(running, admin):
    def pause():
        pause_campaign(campaign_id=running.pk, by=admin, reason="Wait.")

    outcomes = run_together([work(running), pause, work(running)])

    assert outcomes == {"done": 3}
    taken_up = Refund.objects.count()
    advance_campaign(campaign_id=running.pk)
    assert Refund.objects.count() == taken_up
    assert CampaignOrder.objects.exclude(status="waiting").count() == taken_up
    assert broken_rules() == {}


def test_a_retry_is_not_lost_to_somebody_who_lists_at_the_same_moment(running, admin, monkeypatch):
    """Between reading why an order is stuck and listing it, a person has it taken up again."""
    while campaigns.collect(running):
        pass
    CampaignOrder.objects.update(status="refunding")
    honest = campaigns.why_not_refunded
    retried = []

    def retry(entry):
        if not retried:
            retried.append(entry.pk)
            CampaignOrder.objects.filter(pk=entry.pk).update(status="listed", note="Look at it.")
            again = threading.Thread(target=run_together, args=([retry_all],))
            again.start()
            again.join()
        return honest(entry)

    def retry_all():
        retry_campaign(campaign_id=running.pk, by=admin, reason="Once more.")

    monkeypatch.setattr(campaigns, "why_not_refunded", retry)
    campaigns.follow(running)

    assert CampaignOrder.objects.get(pk=retried[0]).status == "waiting"
    assert CampaignOrder.objects.filter(status="listed").count() == ORDERS - 1


def test_workers_pass_over_what_others_are_at(running, monkeypatch):
    """Several are at work at the same time, each with orders of its own."""
    monkeypatch.setattr(run_campaign, "AT_ONCE", 2)
    held, most = [], []
    honest = run_campaign.refund_whole_orders

    def slowly(orders, *args, **kwargs):
        held.append(orders)
        most.append(len(held))
        refunds = honest(orders, *args, **kwargs)
        threading.Event().wait(0.02)
        held.remove(orders)
        return refunds

    monkeypatch.setattr(run_campaign, "refund_whole_orders", slowly)
    run_together([work(running)] * 4)

    assert max(most) > 1
    assert Refund.objects.count() == ORDERS


def wait_until_it_waits_or_is_done(action: Future[object], *, waiting: int) -> None:
    wait_until(
        lambda: action.done() or fetch_all(WAITING, {}) == [(waiting,)],
        seconds=20,
        what="somebody to wait for a lock, or to be done",
    )


def complete_while_orders_are_followed_again(campaign):
    """Their refunds go on after all; whoever sees that waits for their entries. Says if it ended.

    A second worker completes the campaign, as nothing is open.
    """
    advance_campaign(campaign_id=campaign.pk)
    CampaignOrder.objects.update(status="listed", note="Look at it.")
    complete = partial(run_campaign._complete, campaign.pk, timezone.now())
    with ThreadPoolExecutor(2) as others, transaction.atomic():
        list(CampaignOrder.objects.select_for_update())
        followed = others.submit(closing(partial(run_campaign.rest, campaign)))
        wait_until_somebody_waits()
        completed = others.submit(closing(complete))
        wait_until_it_waits_or_is_done(completed, waiting=2)
    followed.result()
    assert set(CampaignOrder.objects.values_list("status", flat=True)) == {"refunding"}
    return RefundCampaign.objects.get().status == "completed"


def test_a_campaign_is_not_completed_while_its_orders_are_followed_again(running):
    assert not complete_while_orders_are_followed_again(running)
    assert broken_rules() == {}


def test_control_without_the_lock_nobody_follows_the_orders_of_a_completed_one(
    running, monkeypatch
):
    monkeypatch.setattr(run_campaign, "_locked", lambda pk: RefundCampaign.objects.get(pk=pk))

    assert complete_while_orders_are_followed_again(running)


def take_up_while_it_is_completed(campaign):
    """Two workers find the same orders; one of them is about to complete the campaign."""
    with ThreadPoolExecutor(1) as others:
        with transaction.atomic():
            run_campaign._locked(campaign.pk)
            taken_up = others.submit(closing(partial(campaigns.collect, campaign)))
            wait_until_it_waits_or_is_done(taken_up, waiting=1)
            campaigns.collect(campaign)
        taken_up.result()


def test_two_who_find_the_same_orders_while_one_completes_the_campaign_get_through(running):
    take_up_while_it_is_completed(running)

    assert CampaignOrder.objects.count() == ORDERS


def test_control_with_the_key_of_the_campaign_locked_they_wait_for_each_other(running, monkeypatch):
    rows = RefundCampaign.objects.select_for_update()
    monkeypatch.setattr(run_campaign, "_locked", lambda pk: rows.get(pk=pk))

    with pytest.raises(OperationalError, match="deadlock"):
        take_up_while_it_is_completed(running)
