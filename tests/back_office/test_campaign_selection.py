"""Refunding chosen orders of an event: prepared by an admin from pasted order codes."""

from __future__ import annotations

import pytest
from django.urls import reverse

from refunds.models import RefundCampaign
from refunds.services import start_campaign
from tests.back_office.refund_rows import bought, html, stored, told
from tests.factories import ShowingFactory, placed_order, seats_in_area
from tests.ticketing.event_states import event_in

LIST = reverse("admin:refunds_refundcampaign_changelist")
PREPARE = reverse("admin:refunds_refundcampaign_prepare")


@pytest.fixture
def event():
    return event_in("cancelled", "confirmed", title="Lễ hội biển")


@pytest.fixture
def orders(event):
    """Two paid orders of 1,000,000 VND each."""
    return [bought(event), bought(event)]


def wish(event, codes):
    return {"event": event.pk, "reason": "fraud", "codes": codes}


def test_an_admin_prepares_chosen_orders_by_their_codes(boss, event, orders):
    codes = f" {orders[0].code.lower()},\n{orders[1].code}; {orders[1].code} "

    answer = boss.post(PREPARE, wish(event, codes), follow=True)

    campaign = RefundCampaign.objects.get()
    assert (campaign.status, campaign.is_selection) == ("draft", True)
    assert set(campaign.orders.values_list("order", flat=True)) == {each.pk for each in orders}
    assert "Nothing goes back before its start." in told(answer)
    assert PREPARE in html(boss, LIST)


def test_the_same_orders_again_are_no_draft_once_their_campaign_runs(boss, event, orders):
    boss.post(PREPARE, wish(event, orders[0].code), follow=True)
    campaign = RefundCampaign.objects.get()
    start_campaign(campaign_id=campaign.pk, by=boss.user, reason="The storm.")

    answer = boss.post(PREPARE, wish(event, orders[0].code), follow=True)

    assert "There was a campaign of these orders already." in told(answer)
    assert "Nothing goes back before its start." not in told(answer)
    assert RefundCampaign.objects.get() == campaign


def test_a_refusal_is_read_out_and_there_is_a_way_back_from_the_page(boss, event):
    unpaid = placed_order(seats_in_area(1, showing=ShowingFactory(event=event)))

    page = told(boss.post(PREPARE, wish(event, unpaid.code)))

    assert "Name paid orders of this event" in page.partition('role="alert"')[2]
    assert f'<a href="{LIST}">Back</a>' in page
    assert not RefundCampaign.objects.exists()


def test_orders_of_other_events_and_unpaid_ones_are_refused(boss, event, orders):
    foreign = bought()
    unpaid = placed_order(seats_in_area(1, showing=orders[0].showing))
    before = stored()

    by_code = told(boss.post(PREPARE, wish(event, f"{orders[0].code} {foreign.code}")))
    by_state = told(boss.post(PREPARE, wish(event, unpaid.code)))

    assert f"The event has no such order: {foreign.code}" in by_code
    assert "Name paid orders of this event" in by_state
    assert "errorlist" in told(boss.post(PREPARE, wish(event, " ")))
    assert stored() == before


def test_an_event_that_takes_place_can_not_be_chosen(boss):
    order = bought()
    before = stored()

    assert "errorlist" in told(boss.post(PREPARE, wish(order.event, order.code)))
    assert stored() == before


def test_codes_are_shown_and_never_run(boss, event):
    page = told(boss.post(PREPARE, wish(event, "<script>alert(1)</script>")))

    assert "<script>alert(1)" not in page.lower()


def test_members_prepare_nothing(member, event, orders):
    before = stored()

    assert member.get(PREPARE).status_code == 403
    assert member.post(PREPARE, wish(event, orders[0].code)).status_code == 403
    assert stored() == before
