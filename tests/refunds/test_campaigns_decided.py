"""Who decides about a campaign: prepare, start, pause, resume, and the dry run before it."""

from __future__ import annotations

import pytest
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.services import check_in
from refunds import handlers
from refunds.errors import CampaignNotPossible
from refunds.models import Refund, RefundCampaign, RefundReason
from refunds.operations import campaigns
from refunds.services import (
    advance_campaign,
    pause_campaign,
    prepare_campaign,
    preview_campaign,
    resume_campaign,
    retry_campaign,
    run_campaign,
    start_campaign,
)
from tests.factories import CustomerFactory, paid_order, placed_order, reread, seats_in_area
from tests.refunds.campaigns import books, buy, cancel, entries, finish, prepare, start
from tests.refunds.moved import ask, tickets_of
from tests.refunds.stand_in import work
from tests.rules import broken_rules
from tests.ticketing.event_states import move, suspect
from ticketing.errors import NotAllowed


def test_a_pause_takes_up_no_order_and_resuming_goes_on(
    vnpay, client, showing, payment, event, admin
):
    other = buy(vnpay, client, showing)
    cancel(event, admin)
    campaign = start(event, admin)
    while campaigns.collect(campaign):
        pass
    run_campaign.take_some(campaign, most=1)

    pause_campaign(campaign_id=campaign.pk, by=admin, reason="Wait.")
    assert advance_campaign(campaign_id=campaign.pk) is None
    work()

    assert books(payment.order) == ("refunded", 1_000_000, 0)
    assert books(other.order) == ("paid", 0, 0)
    resume_campaign(campaign_id=campaign.pk, by=admin, reason="Go on.")
    assert finish(campaign) == "completed"
    assert books(other.order) == ("refunded", 1_000_000, 0)
    steps = (
        StateLog.objects.for_(campaign)
        .order_by("pk")
        .values_list("transition", "by", "description")
    )
    assert list(steps) == [
        ("start", admin.pk, "It rains."),
        ("pause", admin.pk, "Wait."),
        ("resume", admin.pk, "Go on."),
        ("complete", None, "Every order is refunded or listed."),
    ]
    assert broken_rules() == {}


def test_preparing_and_starting_twice_is_doing_it_once(payment, event, admin):
    cancel(event, admin)
    showing_id, order_ids = payment.order.showing_id, [payment.order_id]

    for scope in ({}, {"showing_id": showing_id}, {"order_ids": order_ids}):
        first = prepare(event, admin, **scope)
        assert prepare(event, admin, **scope) == first
        assert start(event, admin, **scope) == start(event, admin, **scope) == first

    assert RefundCampaign.objects.count() == 3
    for campaign in RefundCampaign.objects.order_by("pk"):
        assert finish(campaign) == "completed"
        assert entries(campaign) == {"done": 1}
    assert books(payment.order) == ("refunded", 1_000_000, 0)
    assert Refund.objects.count() == 1
    assert broken_rules() == {}


def test_a_campaign_is_of_an_event_that_is_off(payment, event, admin):
    with pytest.raises(CampaignNotPossible):
        prepare(event, admin)
    with pytest.raises(CampaignNotPossible):
        prepare_campaign(event_id=event.pk, reason=RefundReason.FRAUD, by=admin)

    assert not RefundCampaign.objects.exists()


def test_only_orders_and_showings_of_the_event_can_be_chosen(payment, event, admin):
    foreign = paid_order()
    pending = placed_order(seats_in_area(1, showing=payment.order.showing))
    cancel(event, admin)

    for scope in (
        {"showing_id": foreign.showing_id},
        {"order_ids": [payment.order_id, foreign.pk]},
        {"order_ids": [pending.pk]},
        {"order_ids": []},
    ):
        with pytest.raises(CampaignNotPossible):
            prepare(event, admin, **scope)

    assert not RefundCampaign.objects.exists()


def test_organizers_decide_nothing_about_campaigns(payment, event, admin):
    member = CustomerFactory(is_staff=True)
    event.organizer.members.add(member)
    cancel(event, admin)
    campaign = prepare(event, admin)

    for step in (start_campaign, pause_campaign, resume_campaign, retry_campaign):
        with pytest.raises(NotAllowed):
            step(campaign_id=campaign.pk, by=member, reason="Me.")

    assert reread(campaign).status == "draft"


def test_a_fraud_is_refunded_when_an_admin_starts_it(vnpay, payment, event, admin):
    suspect(reread(event), "confirmed")
    handlers.prepare_fraud_campaign(event_id=event.pk, by_id=admin.pk)
    campaign = RefundCampaign.objects.get()
    work()
    assert (campaign.status, books(payment.order)) == ("draft", ("paid", 0, 0))

    start_campaign(campaign_id=campaign.pk, by=admin, reason="It was one.")

    assert finish(campaign) == "completed"
    assert Refund.objects.get().reason == "fraud"
    assert books(payment.order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_no_campaign_begins_for_an_event_that_was_cleared(payment, event, admin):
    suspect(reread(event), "confirmed")
    campaign = prepare_campaign(event_id=event.pk, reason=RefundReason.FRAUD, by=admin)
    move(event, "clear")

    with pytest.raises(CampaignNotPossible):
        start_campaign(campaign_id=campaign.pk, by=admin, reason="It was one.")

    assert reread(campaign).status == "draft"
    assert not Refund.objects.exists()


def test_a_campaign_stops_when_its_event_is_cleared(payment, event, admin):
    suspect(reread(event), "confirmed")
    campaign = prepare_campaign(event_id=event.pk, reason=RefundReason.FRAUD, by=admin)
    start_campaign(campaign_id=campaign.pk, by=admin, reason="It was one.")
    move(event, "clear")

    assert advance_campaign(campaign_id=campaign.pk) is None

    assert reread(campaign).status == "paused"
    assert not Refund.objects.exists()
    with pytest.raises(CampaignNotPossible):
        resume_campaign(campaign_id=campaign.pk, by=admin, reason="Go on.")


def test_a_fraud_that_is_confirmed_again_is_refunded_to_those_who_bought_since(
    vnpay, client, showing, payment, event, admin
):
    suspect(reread(event), "confirmed")
    campaign = prepare_campaign(event_id=event.pk, reason=RefundReason.FRAUD, by=admin)
    start_campaign(campaign_id=campaign.pk, by=admin, reason="It was one.")
    assert finish(campaign) == "completed"
    move(event, "clear")
    since = buy(vnpay, client, showing)
    move(event, "investigate", "confirm_fraud")
    handlers.prepare_fraud_campaign(event_id=event.pk, by_id=admin.pk)

    start_campaign(campaign_id=campaign.pk, by=admin, reason="It was one after all.")

    assert finish(campaign) == "completed"
    assert entries(campaign) == {"done": 2}
    assert books(since.order) == ("refunded", 1_000_000, 0)
    assert Refund.objects.count() == 2
    assert broken_rules() == {}


def test_a_completed_campaign_that_nobody_bought_since_is_not_started_again(payment, event, admin):
    cancel(event, admin)
    campaign = start(event, admin)
    assert finish(campaign) == "completed"

    with pytest.raises(CampaignNotPossible):
        start(event, admin)

    assert reread(campaign).status == "completed"


def test_the_dry_run_tells_what_will_happen_and_changes_nothing(
    vnpay, client, showing, payment, event, admin
):
    order = payment.order
    ask(order, tickets_of(order)[:1])
    work()
    used = buy(vnpay, client, showing)
    check_in(code=tickets_of(used.order)[0].code, by=admin)
    placed_order(seats_in_area(1, showing=showing))
    lost = buy(vnpay, client, showing)
    lost.order.payments.update(status="failed", paid_at=None)
    jobs = Job.objects.count()

    preview = preview_campaign(event=event)

    assert preview.totals == {
        "orders": 3,
        "sold": "3000000.00",
        "refunded": "400000.00",
        "reserved": "0.00",
        "left": "2600000.00",
    }
    assert preview.pending == 1
    assert {name: count for name, count in preview.obstacles.items() if count} == {
        "used": 1,
        "partly_refunded": 1,
        "without_payment": 1,
    }
    assert not RefundCampaign.objects.exists()
    assert Job.objects.count() == jobs


def test_a_retry_that_finds_nothing_listed_leaves_the_campaign_completed(payment, event, admin):
    cancel(event, admin)
    campaign = start(event, admin)
    assert finish(campaign) == "completed"

    retry_campaign(campaign_id=campaign.pk, by=admin, reason="Once more.")

    assert reread(campaign).status == "completed"
