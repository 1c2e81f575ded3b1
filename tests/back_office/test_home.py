"""The first page of the back office: what waits, and for whom."""

from __future__ import annotations

import re
from datetime import timedelta
from html import escape

import pytest
from django.utils import timezone

from jobs import outbox
from orders.models import Order
from refunds.models import CampaignOrder, Refund, RefundCampaign
from refunds.services import (
    advance_campaign,
    mark_refund_failed,
    override_refund,
    pause_campaign,
    resume_campaign,
    retry_campaign,
)
from tests.back_office.home_page import home, paid_at, rows_behind, seats_on, table
from tests.back_office.refund_rows import (
    asked,
    asked_after_postponing,
    bought,
    failed,
    html,
    offered,
    own_event,
    page_of,
    status,
)
from tests.factories import (
    EventFactory,
    ShowingFactory,
    from_now,
    overdue_order,
    paid_order,
    seats_in_area,
)
from tests.orders.closing import clear_of_fraud, confirm_fraud, postpone
from tests.orders.dates import move_to, reinstate
from tests.refunds.campaigns import cancel, start
from tests.refunds.moved import approved, give_back, refuse
from tests.ticketing.event_states import move, new_admin, new_member, suspect
from ticketing.models import Event, Showing
from ticketing.services import request_cancellation

STAFF = ["admin", "support", "member of A", "member of B"]


@pytest.fixture
def busy(here):
    """Of organizer A, one of everything that can wait for somebody, and two stuck orders."""
    event = here.a.rows["ticketing.event"]
    failed(asked(bought(event)))
    overdue_order(seats=seats_on(event), expires_at=from_now(minutes=-11))
    overdue_order(seats=seats_on(event), expires_at=from_now(minutes=-30))
    request_cancellation(event_id=event.pk, by=here.a.member, reason="The hall is flooded.")
    asked_after_postponing(bought(EventFactory(organizer=event.organizer)))
    fraud = EventFactory(organizer=event.organizer)
    paused_campaign(bought(fraud), bought(fraud))
    dead_job()
    return here


def frauds_draft(event):
    suspect(event, "confirmed")
    return RefundCampaign.objects.create(event=event, reason="fraud", created_at=from_now())


def moved(campaign, *steps):
    for step in steps:
        getattr(campaign, step)(by=None, at=from_now(), reason="The test does it.")
    campaign.save()


def paused_campaign(*orders):
    """Of a fraud; the first of its orders waits on its list, the second is listed."""
    campaign = frauds_draft(orders[0].event)
    moved(campaign, "start", "pause")
    for order, listed in zip(orders, [{}, {"status": "listed", "note": "KeyError"}], strict=False):
        CampaignOrder.objects.create(campaign=campaign, order=order, **listed)
    return campaign


def dead_job():
    job = outbox.enqueue("orders.paid", run_at=from_now(), order_id=1)
    job.bury(at=from_now(), error="The mail server is gone.")
    job.save()


def waits(browser, whose="waiting"):
    """How many of what wait, and behind which link."""
    counted = home(browser).context[whose]
    return {str(each.queue.title): (each.count, each.queue.address) for each in counted}


def counts(browser, whose="waiting"):
    return {title: count for title, (count, _address) in waits(browser, whose).items()}


def test_an_admin_is_told_of_all_that_admins_decide(busy):
    assert counts(busy.browsers["admin"]) == {
        "Refunds to decide": 1,  # the other three wait for organizers, or failed
        "Refunds that failed": 1,
        "Open payment cases": 2,
        "Stuck orders": 2,
        "Requests to cancel an event": 1,
        "Refund campaigns to start or resume": 1,
        "Refund campaigns with orders to look at": 1,
        "Dead jobs": 1,
    }
    assert counts(busy.browsers["admin"], "waiting_for_others") == {}


def test_a_member_is_told_what_to_decide_and_what_is_up_to_others(busy):
    browser = busy.browsers["member of A"]

    assert counts(browser) == {"Refunds to decide": 1}
    assert counts(browser, "waiting_for_others") == {
        "Refunds that failed": 1,
        "Open payment cases": 1,
        "Stuck orders": 2,
        "Requests to cancel an event": 1,
    }


def test_a_member_is_told_nothing_of_other_organizers(busy):
    browser = busy.browsers["member of B"]

    assert counts(browser) == {"Refunds to decide": 1}
    assert counts(browser, "waiting_for_others") == {"Open payment cases": 1}


def test_support_looks_on_and_has_nothing_to_decide(busy):
    browser = busy.browsers["support"]

    assert counts(browser) == {}
    assert counts(browser, "waiting_for_others") == {
        "Refunds that nobody has decided yet": 3,
        "Refunds that failed": 1,
        "Open payment cases": 2,
        "Stuck orders": 2,
        "Requests to cancel an event": 1,
        "Dead jobs": 1,
    }


def test_each_number_is_that_of_the_rows_behind_its_link(busy):
    for who in STAFF:
        browser = busy.browsers[who]
        page = home(browser).content.decode()
        told = [*waits(browser).values(), *waits(browser, "waiting_for_others").values()]
        assert told
        for count, address in told:
            assert rows_behind(browser, address).count() == count, (who, address)
            assert f'href="{escape(address)}"' in page


def test_nobody_is_asked_to_decide_an_own_request(member):
    order = bought(own_event(member), customer=member.user)

    asked(order)

    assert counts(member) == {}


def test_what_an_organizer_has_not_decided_is_up_to_the_platform_once_the_event_is_off(
    boss, member
):
    refund = asked(bought(own_event(member)))
    assert counts(member) == {"Refunds to decide": 1}
    assert counts(boss) == {}

    move(refund.order.event, "investigate", "confirm_fraud")

    assert counts(member) == {}
    assert counts(boss) == {"Refunds to decide": 1}
    assert offered(member, refund) == set()
    assert "up to the platform" in html(member, page_of(refund))
    [(_count, address)] = waits(boss).values()
    assert list(rows_behind(boss, address)) == [refund]


def test_what_nobody_of_its_organizer_decides_is_on_the_home_of_admins(boss, member):
    event = own_event(member)
    asked(bought(event, customer=member.user))
    assert counts(boss) == {"Refunds to decide": 1}

    event.organizer.members.add(boss.user)
    assert counts(boss) == {"Refunds to decide": 1}  # she decides as an admin, for everybody

    event.organizer.members.add(new_member(EventFactory()))
    assert counts(boss) == {}


@pytest.mark.parametrize(
    ("overdue_for", "was_tried", "is_stuck"),
    [
        (timedelta(minutes=9), False, False),  # the sweep will come
        (timedelta(minutes=11), False, True),
        (timedelta(minutes=69), True, False),  # the provider may say nothing for an hour
        (timedelta(minutes=71), True, True),
    ],
)
def test_an_order_is_stuck_when_settling_it_should_be_over(boss, overdue_for, was_tried, is_stuck):
    over = timezone.now() - overdue_for
    overdue_order(expires_at=over, payment_started_at=from_now(hours=-2) if was_tried else None)

    assert counts(boss) == ({"Stuck orders": 1} if is_stuck else {})


def test_a_request_is_answered_once_the_event_is_cancelled(boss):
    event = EventFactory()
    request_cancellation(event_id=event.pk, by=boss.user, reason="The hall is flooded.")
    assert counts(boss) == {"Requests to cancel an event": 1}

    move(event, "cancel")

    assert counts(boss) == {}


TO_REINSTATE = {"Postponed events with new dates": 1}


def test_a_postponed_event_waits_for_an_admin_once_its_showings_have_new_dates(boss):
    event = EventFactory()
    postponed, other = ShowingFactory(event=event), EventFactory()
    ShowingFactory(event=other)
    for each in (event, other):
        postpone(each)
    assert counts(boss) == {}

    move_to(postponed)

    assert counts(boss) == TO_REINSTATE
    [(_, address)] = waits(boss).values()
    assert list(rows_behind(boss, address)) == [event]
    reinstate(event)
    assert counts(boss) == {}
    postpone(event)  # with the date that it has
    assert counts(boss) == {}


def test_an_old_date_that_is_told_to_whom_keeps_the_tickets_makes_nobody_wait(boss):
    showing = ShowingFactory()
    order = paid_order(seats_in_area(1, showing=showing, price=500_000))
    refund = approved(order, None)
    refuse(refund)
    postpone(showing.event)
    move_to(showing)
    reinstate(showing.event)
    postpone(showing.event)  # with the date that it has

    mark_refund_failed(refund_id=refund.pk, by=boss.user, reason="His card is blocked.")

    assert counts(boss) == {}


def test_no_event_waits_to_be_reinstated_that_is_off_or_has_a_date_that_passed(boss):
    event = EventFactory()
    moved, unmoved = ShowingFactory.create_batch(2, event=event)
    postpone(event)
    move_to(moved)
    assert counts(boss) == TO_REINSTATE

    confirm_fraud(event)
    assert TO_REINSTATE.items().isdisjoint(counts(boss).items())
    clear_of_fraud(event)
    assert counts(boss) == TO_REINSTATE
    Showing.objects.filter(pk=unmoved.pk).update(
        ticket_sale_start=from_now(days=-9), starts_at=from_now(hours=-1), ends_at=from_now()
    )

    assert counts(boss) == {}


TO_RESUME = {"Refund campaigns to start or resume": 1}
TO_LOOK_AT = {"Refund campaigns with orders to look at": 1}


def test_a_paused_campaign_without_waiting_orders_needs_nobody(boss):
    paused_campaign(paid_order())
    assert counts(boss) == TO_RESUME

    CampaignOrder.objects.update(status="done")

    assert counts(boss) == {}


@pytest.mark.parametrize("is_its_showings", [False, True])
def test_a_campaign_that_was_paused_before_it_found_its_orders_waits(boss, is_its_showings):
    order = paid_order()
    campaign = frauds_draft(order.event)
    moved(campaign, "start", "pause")
    scope = order.showing if is_its_showings else None
    RefundCampaign.objects.filter(pk=campaign.pk).update(showing=scope)

    assert counts(boss) == TO_RESUME
    assert "1 orders wait." in html(boss, page_of(campaign, "resume"))


def test_a_campaign_is_not_waited_for_whose_event_is_cleared_or_whose_orders_are_refunded(boss):
    order = paid_order()
    paused_campaign(order)

    move(order.event, "clear")
    assert counts(boss) == {}

    move(order.event, "investigate", "confirm_fraud")
    assert counts(boss) == TO_RESUME
    Order.objects.filter(pk=order.pk).update(status="refunded", refunded_amount=order.total_amount)
    assert counts(boss) == {}


def test_a_paused_campaign_of_chosen_orders_waits_for_these_only(boss):
    order = paid_order()
    paid_order(seats_in_area(1, showing=order.showing))
    campaign = paused_campaign(order)
    RefundCampaign.objects.update(is_selection=True)
    assert counts(boss) == TO_RESUME
    assert "1 orders wait." in html(boss, page_of(campaign, "resume"))

    CampaignOrder.objects.update(status="done")

    assert counts(boss) == {}


def test_a_confirmed_fraud_waits_until_one_of_its_campaigns_is_started(boss):
    order = paid_order()
    frauds_draft(order.event)
    assert counts(boss) == TO_RESUME

    chosen = chosen_of(order.event)
    assert counts(boss) == TO_RESUME

    moved(chosen, "start")
    assert counts(boss) == {}


def chosen_of(event):
    """A draft of chosen orders, and none of them."""
    return RefundCampaign.objects.create(
        event=event, reason="fraud", created_at=from_now(), is_selection=True
    )


def test_a_draft_is_not_forgotten_for_what_was_started_before_it_was_made(boss):
    order = paid_order()
    suspect(order.event, "confirmed")
    moved(chosen_of(order.event), "start", "complete")

    later = chosen_of(order.event)
    CampaignOrder.objects.create(campaign=later, order=order)
    assert counts(boss) == TO_RESUME

    moved(later, "start")
    assert counts(boss) == {}


def test_a_fraud_that_is_confirmed_anew_waits_though_a_campaign_of_the_first_time_was_started(boss):
    event = paid_order().event
    frauds_draft(event)
    moved(chosen_of(event), "start", "complete")
    assert counts(boss) == {}

    move(event, "clear", "investigate", "confirm_fraud")

    assert counts(boss) == TO_RESUME


def test_a_fraud_needs_no_other_campaign_where_the_cancellations_has_begun(boss):
    order = paid_order()
    cancel(order.event, boss.user)
    advance_campaign(campaign_id=start(order.event, boss.user).pk)

    frauds_draft(Event.objects.get(pk=order.event_id))

    assert counts(boss) == {}


def test_a_draft_without_orders_needs_nobody(boss):
    frauds_draft(EventFactory())

    assert counts(boss) == {}


def test_what_was_sold_after_a_fraud_was_refunded_waits_when_it_is_one_after_all(boss):
    campaign = frauds_draft(EventFactory())
    moved(campaign, "start", "complete")
    assert counts(boss) == {}

    seats = seats_on(campaign.event)
    paid_order(seats)

    assert counts(boss) == TO_RESUME
    moved(chosen_of(campaign.event), "start")
    assert counts(boss) == {}


@pytest.mark.parametrize("was_completed", [False, True])
def test_an_order_that_is_paid_after_others_were_chosen_instead_of_it_waits(boss, was_completed):
    order = paid_order()
    campaign = frauds_draft(order.event)
    if was_completed:
        CampaignOrder.objects.create(campaign=campaign, order=order, status="done")
        moved(campaign, "start", "complete")
    chosen = chosen_of(order.event)
    paid_order(seats_on(order.event))  # it was on its way when they were chosen
    moved(chosen, "start")

    assert counts(boss) == TO_RESUME
    [(_count, address)] = waits(boss).values()
    assert list(rows_behind(boss, address)) == [campaign]

    moved(chosen_of(order.event), "start")
    assert counts(boss) == {}


def test_an_order_that_is_paid_later_waits_though_a_draft_that_is_let_lie_lists_it(boss):
    campaign = frauds_draft(paid_order().event)
    first, second = chosen_of(campaign.event), chosen_of(campaign.event)
    later = paid_order(seats_on(campaign.event))
    CampaignOrder.objects.create(campaign=second, order=later)

    moved(first, "start")

    assert counts(boss) == TO_RESUME
    [(_count, address)] = waits(boss).values()
    assert list(rows_behind(boss, address)) == [campaign]

    moved(second, "start")
    assert counts(boss) == {}


def test_what_a_showings_own_campaign_takes_up_later_waits_for_no_other(boss):
    order = paid_order()
    frauds_draft(order.event)
    of_showing = chosen_of(order.event)
    scope = {"showing": order.showing, "is_selection": False}
    RefundCampaign.objects.filter(pk=of_showing.pk).update(**scope)
    moved(of_showing, "start")
    assert counts(boss) == {}
    later = paid_order(seats_in_area(2, showing=order.showing))
    assert counts(boss) == TO_RESUME

    CampaignOrder.objects.create(campaign=of_showing, order=later, status="refunding")

    assert counts(boss) == {}


@pytest.mark.parametrize("is_decided", [False, True])
def test_a_refund_that_is_given_up_while_its_campaign_stands_still_waits(boss, is_decided):
    order = bought()
    cancel(order.event, boss.user)
    campaign = start(order.event, boss.user)
    advance_campaign(campaign_id=campaign.pk)
    pause_campaign(campaign_id=campaign.pk, by=boss.user, reason="Refunds are refused.")
    assert counts(boss) == {}
    if is_decided:
        whose = {"refund_id": Refund.objects.get().pk, "by": boss.user}
        override_refund(**whose, percentage=0, note="He sold the tickets on.")
    else:
        give_up(Refund.objects.get(), boss)

    assert counts(boss) == ({} if is_decided else TO_RESUME)
    waiting = 0 if is_decided else 1
    assert f"{waiting} orders wait." in html(boss, page_of(campaign, "resume"))

    resume_campaign(campaign_id=campaign.pk, by=boss.user, reason="The provider is well.")
    advance_campaign(campaign_id=campaign.pk)
    assert counts(boss) == ({} if is_decided else TO_LOOK_AT)


def give_up(refund, boss):
    refuse(refund)
    assert counts(boss) == {"Refunds that failed": 1}
    mark_refund_failed(refund_id=refund.pk, by=boss.user, reason="The card is closed.")


@pytest.fixture
def given_up(boss):
    """The refund of a cancelled event's order; its campaign is over."""
    order = bought()
    cancel(order.event, boss.user)
    campaign = start(order.event, boss.user)
    advance_campaign(campaign_id=campaign.pk)
    give_up(Refund.objects.get(), boss)
    advance_campaign(campaign_id=campaign.pk)
    return campaign


def test_an_order_whose_refund_was_given_up_waits_until_it_is_refunded(boss, given_up):
    assert status(given_up) == "completed"
    assert counts(boss) == TO_LOOK_AT

    retry_campaign(campaign_id=given_up.pk, by=boss.user, reason="He has a new card.")
    advance_campaign(campaign_id=given_up.pk)
    assert counts(boss) == {}
    give_back(Refund.objects.get(status="approved"))
    advance_campaign(campaign_id=given_up.pk)

    assert (status(given_up), counts(boss)) == ("completed", {})


def test_an_order_that_an_override_keeps_waits_for_nobody(boss, given_up):
    retry_campaign(campaign_id=given_up.pk, by=boss.user, reason="He has a new card.")
    advance_campaign(campaign_id=given_up.pk)
    override_refund(
        refund_id=Refund.objects.get(status="approved").pk,
        percentage=0,
        by=boss.user,
        note="He sold the tickets on.",
    )
    advance_campaign(campaign_id=given_up.pk)

    assert (status(given_up), given_up.orders.get().status) == ("completed", "listed")
    assert counts(boss) == {}


def test_whoever_has_nothing_to_do_is_told_so(boss, member):
    for browser in (boss, member):
        page = home(browser).content.decode()
        assert "Nothing waits for you." in page
        assert "In other hands" not in page


def figures(browser):
    """All that the page tells, without what is new at each request."""
    page = home(browser).content.decode()
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_what_others_sell_and_give_back_changes_nothing_on_the_page_of_a_member(here):
    browser = here.browsers["member of B"]
    before = figures(browser)
    event = here.a.rows["ticketing.event"]

    asked(bought(event))
    failed(asked(bought(event)))
    overdue_order(seats=seats_on(event), expires_at=from_now(minutes=-30))
    request_cancellation(event_id=event.pk, by=new_admin(), reason="The hall is flooded.")

    assert figures(browser) == before
    assert figures(here.browsers["member of A"]) != before


def test_the_page_takes_few_queries_however_much_there_is(busy, django_assert_max_num_queries):
    for organizer in (busy.a.rows["ticketing.organizer"], busy.b.rows["ticketing.organizer"]):
        for _ in range(6):
            event = EventFactory(organizer=organizer)
            asked(bought(event))
            paid_at(from_now(), event)

    for who in STAFF:
        with django_assert_max_num_queries(20, info=who):
            home(busy.browsers[who])


def test_an_empty_back_office_has_a_home(boss):
    assert table(boss) == []
    assert "No showing is on sale." in home(boss).content.decode()
    assert "Nobody asked for money back." in home(boss).content.decode()
