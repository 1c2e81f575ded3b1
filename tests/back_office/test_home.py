"""The first page of the back office: what waits, and for whom."""

from __future__ import annotations

import re
from datetime import timedelta
from html import escape

import pytest
from django.utils import timezone

from jobs import outbox
from refunds.models import CampaignOrder, RefundCampaign
from tests.back_office.home_page import home, paid_at, rows_behind, seats_on, table
from tests.back_office.refund_rows import asked, asked_after_postponing, bought, failed, own_event
from tests.back_office.world import world
from tests.factories import EventFactory, from_now, overdue_order, paid_order
from tests.ticketing.event_states import move, new_admin, new_member
from ticketing.services import request_cancellation

STAFF = ["admin", "support", "member of A", "member of B"]


@pytest.fixture
def here():
    """Two organizers; each has a refund to decide and an open case."""
    return world()


@pytest.fixture
def busy(here):
    """Of organizer A, one of everything that can wait for somebody, and two stuck orders."""
    event = here.a.rows["ticketing.event"]
    failed(asked(bought(event)))
    overdue_order(seats=seats_on(event), expires_at=from_now(minutes=-11))
    overdue_order(seats=seats_on(event), expires_at=from_now(minutes=-30))
    request_cancellation(event_id=event.pk, by=here.a.member, reason="The hall is flooded.")
    asked_after_postponing(bought(EventFactory(organizer=event.organizer)))
    paused_campaign(here.a.rows["orders.order"])
    dead_job()
    return here


def paused_campaign(order):
    campaign = RefundCampaign.objects.create(
        event=order.event, reason="fraud", created_at=from_now()
    )
    told = {"by": None, "at": from_now(), "reason": "The test does it."}
    campaign.start(**told)
    campaign.pause(**told)
    campaign.save()
    CampaignOrder.objects.create(campaign=campaign, order=order)


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
        "Paused refund campaigns": 1,
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


def test_what_nobody_of_its_organizer_decides_is_on_the_home_of_admins(boss, member):
    event = own_event(member)
    asked(bought(event, customer=member.user))
    assert counts(boss) == {"Refunds that no organizer can decide": 1}

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


def test_a_paused_campaign_without_waiting_orders_needs_nobody(boss):
    paused_campaign(paid_order())
    assert counts(boss) == {"Paused refund campaigns": 1}

    CampaignOrder.objects.update(status="done")

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
        with django_assert_max_num_queries(19, info=who):
            home(busy.browsers[who])


def test_an_empty_back_office_has_a_home(boss):
    assert table(boss) == []
    assert "No showing is on sale." in home(boss).content.decode()
    assert "Nobody asked for money back." in home(boss).content.decode()
