"""What an admin decided against a campaign stays decided, until somebody names the order."""

from __future__ import annotations

import pytest

from refunds.models import Refund
from refunds.services import mark_refund_failed, override_refund, retry_campaign
from tests.refunds.campaigns import (
    ask,
    books,
    broken,
    cancel,
    entry,
    finish,
    refuse,
    start,
    take_up,
    tickets_of,
)
from tests.refunds.stand_in import work


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
    assert broken() == {}

    retry_campaign(
        campaign_id=campaign.pk, by=admin, reason="All of it.", order_ids=[payment.order_id]
    )
    assert finish(campaign) == "completed"
    assert books(payment.order) == ("refunded", 1_000_000, 0)
    assert broken() == {}


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
    assert broken() == {}
    retry_campaign(campaign_id=campaign.pk, by=admin, reason="All of it.", order_ids=[order.pk])
    assert finish(campaign) == "completed"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken() == {}


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
    assert broken() == {}


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
    assert broken() == {}
