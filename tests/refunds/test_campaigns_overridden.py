"""What an admin decided against a campaign stays decided, until somebody names the order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from refunds.models import Refund, RefundOverride, RefundReason
from refunds.services import (
    mark_refund_failed,
    override_refund,
    pause_campaign,
    prepare_campaign,
    preview_campaign,
    resume_campaign,
    retry_campaign,
    start_campaign,
)
from tests.factories import reread
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
)
from tests.refunds.moved import ask, tickets_of
from tests.refunds.stand_in import work
from tests.rules import broken_rules
from tests.ticketing.event_states import move


@pytest.mark.parametrize(("percentage", "kept"), [(90, 100_000), (0, 1_000_000)])
def test_an_overridden_refund_ends_listed_and_stays_what_was_decided(
    payment, event, admin, percentage, kept
):
    cancel(event, admin)
    campaign = start(event, admin)
    take_up(campaign)
    refund = Refund.objects.get()
    override_refund(refund_id=refund.pk, percentage=percentage, by=admin, note="Not all of it.")

    assert finish(campaign) == "completed"

    listed = entry(campaign, payment.order)
    assert listed.status == "listed"
    assert f"{kept}.00 VND have not gone back" in listed.note
    assert f"overridden to {percentage} % by {admin}: Not all of it." in listed.note
    retry_campaign(campaign_id=campaign.pk, by=admin, reason="Once more.")
    assert finish(campaign) == "completed"
    assert entry(campaign, payment.order).status == "listed"
    assert broken_rules() == {}

    retry_campaign(
        campaign_id=campaign.pk, by=admin, reason="All of it.", order_ids=[payment.order_id]
    )
    assert finish(campaign) == "completed"
    assert books(payment.order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


@pytest.mark.parametrize(("percentage", "kept"), [(60, 100_000), (0, 400_000)])
def test_an_override_of_what_goes_back_beside_the_campaign_is_not_undone_by_a_retry(
    payment, event, admin, percentage, kept
):
    order = payment.order
    earlier = ask(order, tickets_of(order)[:1])
    cancel(event, admin)
    campaign = start(event, admin)
    take_up(campaign)
    override_refund(refund_id=earlier.pk, percentage=percentage, by=admin, note="Not all of it.")
    assert finish(campaign) == "completed"

    retry_campaign(campaign_id=campaign.pk, by=admin, reason="Once more.")

    assert finish(campaign) == "completed"
    listed = entry(campaign, order)
    assert (listed.status, books(order)) == ("listed", ("partial_refunded", 1_000_000 - kept, 0))
    assert f"{kept}.00 VND have not gone back" in listed.note
    assert f"refund {earlier.pk} was overridden to {percentage} % by {admin}" in listed.note
    assert broken_rules() == {}
    retry_campaign(campaign_id=campaign.pk, by=admin, reason="All of it.", order_ids=[order.pk])
    assert finish(campaign) == "completed"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_an_override_before_the_campaign_keeps_no_order_from_a_retry(vnpay, payment, event, admin):
    order = payment.order
    earlier = ask(order, tickets_of(order)[:1])
    override_refund(refund_id=earlier.pk, percentage=60, by=admin, note="It is too late for 80 %.")
    work()
    assert books(order) == ("partial_refunded", 300_000, 0)
    refuse(vnpay, payment)
    cancel(event, admin)
    campaign = start(event, admin)
    assert finish(campaign) == "completed"
    vnpay.clear_weather(payment.txn_ref)
    failed = Refund.objects.get(reason="cancelled")
    mark_refund_failed(refund_id=failed.pk, by=admin, reason="Nothing went back.")

    retry_campaign(campaign_id=campaign.pk, by=admin, reason="Once more.")

    assert finish(campaign) == "completed"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_an_override_is_not_undone_by_a_campaign_that_found_nothing_left_to_do(
    payment, event, admin
):
    order = payment.order
    cancel(event, admin)
    of_some, of_all = start(event, admin, order_ids=[order.pk]), start(event, admin)
    take_up(of_some)
    take_up(of_all)
    refund = Refund.objects.get()
    override_refund(refund_id=refund.pk, percentage=60, by=admin, note="Not all of it.")
    assert (finish(of_some), finish(of_all)) == ("completed", "completed")

    retry_campaign(campaign_id=of_all.pk, by=admin, reason="Once more.")

    assert finish(of_all) == "completed"
    assert books(order) == ("partial_refunded", 600_000, 0)
    listed = entry(of_all, order)
    assert listed.status == "listed"
    assert f"was overridden to 60 % by {admin}: Not all of it." in listed.note
    assert broken_rules() == {}


def frauds_campaign(event, admin, **scope):
    """The event turns out to be a fraud, too; its campaign runs."""
    move(event, "investigate", "confirm_fraud")
    made = prepare_campaign(event_id=event.pk, reason=RefundReason.FRAUD, by=admin, **scope)
    return start_campaign(campaign_id=made.pk, by=admin, reason="It was one.")


def kept_by_override(event, admin, percentage=60):
    """Its campaign is over, and an admin has kept part of the money of one order."""
    if reread(event).status != "cancelled":
        cancel(event, admin)
    campaign = start(event, admin)
    take_up(campaign)
    first = Refund.objects.order_by("pk").first()
    override_refund(refund_id=first.pk, percentage=percentage, by=admin, note="He sold it on.")
    assert finish(campaign) == "completed"
    return campaign


@pytest.mark.parametrize(("percentage", "kept"), [(60, 400_000), (0, 1_000_000)])
def test_a_campaign_for_another_reason_leaves_to_a_person_what_an_override_kept(
    payment, event, admin, percentage, kept
):
    order = payment.order
    kept_by_override(event, admin, percentage)
    before = books(order)
    assert preview_campaign(event=event).obstacles["overridden"] == 1

    campaign = frauds_campaign(event, admin)

    assert finish(campaign) == "completed"
    assert books(order) == before
    assert not Refund.objects.filter(reason="fraud").exists()
    listed = entry(campaign, order)
    assert (listed.status, listed.refund) == ("listed", None)
    assert f"{kept}.00 VND have not gone back" in listed.note
    assert f"was overridden to {percentage} % by {admin}: He sold it on." in listed.note
    retry_campaign(campaign_id=campaign.pk, by=admin, reason="Once more.")
    assert reread(campaign).status == "completed"
    retry_campaign(
        campaign_id=campaign.pk, by=admin, reason="He was deceived.", order_ids=[order.pk]
    )
    assert finish(campaign) == "completed"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert Refund.objects.get(reason="fraud").amount == kept
    assert broken_rules() == {}


@pytest.mark.owner
@pytest.mark.parametrize("clock", [timedelta(0), timedelta(minutes=-5)])
def test_an_order_that_is_chosen_later_keeps_what_an_override_decided(payment, event, admin, clock):
    """Whatever the clock of the server said that overrode it."""
    order = payment.order
    kept_by_override(event, admin)
    RefundOverride.objects.update(at=F("at") + clock)

    campaign = start(event, admin, order_ids=[order.pk])

    assert finish(campaign) == "completed"
    assert books(order) == ("partial_refunded", 600_000, 0)
    assert entry(campaign, order).status == "listed"
    assert broken_rules() == {}


def test_what_an_override_keeps_while_another_campaign_waits_stays_kept(payment, event, admin):
    order = payment.order
    cancel(event, admin)
    later = start(event, admin, order_ids=[order.pk])
    pause_campaign(campaign_id=later.pk, by=admin, reason="Wait.")
    kept_by_override(event, admin)

    resume_campaign(campaign_id=later.pk, by=admin, reason="Go on.")

    assert finish(later) == "completed"
    assert books(order) == ("partial_refunded", 600_000, 0)
    assert entry(later, order).status == "listed"
    assert broken_rules() == {}


def test_a_later_campaign_refunds_the_orders_beside_an_overridden_one(
    vnpay, client, showing, payment, event, admin
):
    """One whose refund was given up."""
    other = buy(vnpay, client, showing)
    refuse(vnpay, other)
    kept_by_override(event, admin)
    vnpay.clear_weather(other.txn_ref)
    failed = Refund.objects.get(order=other.order)
    mark_refund_failed(refund_id=failed.pk, by=admin, reason="Nothing went back.")

    campaign = frauds_campaign(event, admin)

    assert finish(campaign) == "completed"
    assert books(payment.order) == ("partial_refunded", 600_000, 0)
    assert books(other.order) == ("refunded", 1_000_000, 0)
    assert entries(campaign) == {"listed": 1, "done": 1}
    assert broken_rules() == {}


def test_an_override_that_keeps_nothing_holds_no_campaign_up(vnpay, payment, event, admin):
    refuse(vnpay, payment)
    kept_by_override(event, admin, percentage=100)
    vnpay.clear_weather(payment.txn_ref)
    failed = Refund.objects.get()
    mark_refund_failed(refund_id=failed.pk, by=admin, reason="Nothing went back.")

    campaign = frauds_campaign(event, admin)

    assert finish(campaign) == "completed"
    assert books(payment.order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_what_was_overridden_for_a_reason_of_the_customers_own_holds_no_later_campaign_up(
    vnpay, payment, event, admin
):
    """A campaign failed, the event was cleared, and a ticket was given back for less."""
    order = payment.order
    refuse(vnpay, payment)
    assert finish(frauds_campaign(event, admin)) == "completed"
    vnpay.clear_weather(payment.txn_ref)
    failed = Refund.objects.get()
    mark_refund_failed(refund_id=failed.pk, by=admin, reason="Nothing went back.")
    move(event, "clear")
    personal = ask(order, tickets_of(order)[:1])
    override_refund(refund_id=personal.pk, percentage=60, by=admin, note="It is late for 80 %.")
    work()
    assert books(order) == ("partial_refunded", 300_000, 0)

    cancel(event, admin)
    campaign = start(event, admin)

    assert finish(campaign) == "completed"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_what_undid_the_refund_of_a_fraud_that_was_none_holds_no_later_campaign_up(
    payment, event, admin
):
    order = payment.order
    frauds = frauds_campaign(event, admin)
    take_up(frauds)
    move(event, "clear")
    override_refund(
        refund_id=Refund.objects.get().pk, percentage=0, by=admin, note="It was no fraud."
    )
    finish(frauds)
    assert books(order) == ("paid", 0, 0)

    cancel(event, admin)
    assert preview_campaign(event=event).obstacles["overridden"] == 0
    campaign = start(event, admin)

    assert finish(campaign) == "completed"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_what_undid_the_refund_of_a_fraud_that_was_none_keeps_no_order_out_if_it_is_one_after_all(
    payment, event, admin
):
    order = payment.order
    frauds = frauds_campaign(event, admin)
    take_up(frauds)
    override_refund(
        refund_id=Refund.objects.get().pk, percentage=0, by=admin, note="It was no fraud."
    )
    assert finish(frauds) == "completed"
    assert preview_campaign(event=event).obstacles["overridden"] == 1

    move(event, "clear", "investigate", "confirm_fraud")
    assert preview_campaign(event=event).obstacles["overridden"] == 0
    retry_campaign(campaign_id=frauds.pk, by=admin, reason="It was one after all.")

    assert finish(frauds) == "completed"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}
