"""The log of who did what: admins find every step, by person, by day and by order."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_fsm_log.models import StateLog

from orders.services import check_in
from refunds.services import approve_refund, reject_refund
from tests.back_office.refund_rows import asked, bought, failed, html
from tests.back_office.world import browser_of, supporter
from tests.factories import CustomerFactory, from_now, overdue_order, paid_order, placed_order
from tests.ticketing.event_states import move, new_admin, new_member
from ticketing.business_time import day_of
from ticketing.transition_log import note

pytestmark = pytest.mark.usefixtures("midday")
LIST = reverse("admin:ticketing_logrow_changelist")
DEEDS = reverse("admin:admin_logentry_changelist")


def lines(browser, query=None, page=LIST):
    """The rows of the list, each as its text."""
    body = re.search(r"<tbody.*</tbody>", html(browser, page, query), re.DOTALL)
    rows = re.findall(r"<tr.*?</tr>", body[0], re.DOTALL) if body else []
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in rows]


def about(found, words):
    return [line for line in found if words in line]


def test_a_decision_is_told_with_who_made_it_about_what_and_why(boss):
    refund, admin = asked(bought()), new_admin()
    reject_refund(refund_id=refund.pk, by=admin, reason="The hall is booked.")

    [line] = about(lines(boss), "The refund is rejected.")

    assert admin.username in line
    assert refund.order.code in line
    assert "waiting for the organizer → rejected" in line
    assert "The hall is booked." in line


def test_each_step_leads_to_its_row_and_to_the_story_of_its_order(boss):
    refund = asked(bought())

    page = html(boss, LIST)

    assert reverse("admin:refunds_refund_change", args=[refund.pk]) in page
    assert reverse("admin:orders_order_timeline", args=[refund.order_id]) in page


def test_the_code_of_a_ticket_is_not_shown(boss):
    order = paid_order()
    ticket = order.tickets.first()
    check_in(code=ticket.code, by=new_member(order.event))

    assert about(lines(boss), "Went in: ")
    assert ticket.code not in html(boss, LIST)


def test_an_order_code_finds_every_step_of_what_belongs_to_the_order(boss):
    order, other = bought(), bought()
    failed(asked(order))
    asked(other)

    found = lines(boss, {"q": f" {order.code.lower()} "})

    for words in ("The order is paid.", "The money is here.", "The refund waits", "is asked"):
        assert about(found, words), words
    assert not about(found, other.code)
    assert lines(boss, {"q": "NOSUCHCODE22"}) == []


def test_steps_are_found_by_who_took_them(boss):
    admin, order = new_admin(), overdue_order()
    refund = asked(bought())
    approve_refund(refund_id=refund.pk, by=admin)

    by_admin = lines(boss, {"who": admin.pk})
    by_staff = lines(boss, {"who": "staff"})
    by_customers = lines(boss, {"who": "customers"})
    by_system = lines(boss, {"who": "system"})

    assert len(by_admin) == 1
    assert about(by_staff, "The refund is approved.")
    assert about(by_customers, "The refund waits for the organizer.")
    assert not about(by_system, "The refund is approved.")
    assert about(by_system, "The order is paid.")
    assert order.status == "pending_payment"


def test_steps_are_found_by_what_they_were_taken_with(boss):
    order = bought()
    move(order.event, "postpone")

    found = lines(boss, {"model": "ticketing.event"})

    assert about(found, "The event is postponed.")
    assert not about(found, "The order is paid.")


def test_showings_are_told_of_with_one_query_for_all_of_them(boss, django_assert_max_num_queries):
    for _ in range(10):
        showing = placed_order().showing
        note(showing, "change_prices", by=boss.user, at=from_now(), reason="Stalls: 500 to 600")
    only_showings = {"model": "ticketing.showing"}
    boss.get(LIST, only_showings)

    with django_assert_max_num_queries(7):
        found = lines(boss, only_showings)

    assert len(about(found, "Prices are changed. Stalls: 500 to 600")) == 10


def test_a_day_long_ago_is_not_looked_for_from_today_back(boss):
    placed_order()

    with CaptureQueriesContext(connection) as captured:
        assert lines(boss, {"day": str(day_of(timezone.now()))})

    by_time = 'ORDER BY "django_fsm_log_statelog"."timestamp" DESC'
    assert [each for each in captured if by_time in each["sql"]]


@pytest.mark.owner
def test_steps_are_found_by_their_day(boss):
    order = paid_order()
    now = timezone.now()
    yesterday = now - timedelta(days=1)
    StateLog.objects.for_(order).update(timestamp=yesterday)

    today = lines(boss, {"day": str(day_of(now))})
    before = lines(boss, {"day": str(day_of(yesterday))})

    assert not about(today, "The order is paid.")
    assert about(before, "The order is paid.")
    assert not about(before, "The money is here.")
    assert about(lines(boss, {"day": "2026-13-45"}), "The order is paid.")
    assert about(lines(boss, {"day": "9999-12-31"}), "The order is paid.")


def test_the_list_reads_a_page_and_counts_nothing(boss, django_assert_max_num_queries):
    order = bought()
    for n in range(250):
        StateLog.objects.create(
            content_object=order, transition="resend_tickets", state="paid", timestamp=from_now(),
            source_state="paid", description=f"Once more {n}",
        )  # fmt: skip
    failed(asked(order))
    boss.get(LIST)

    with django_assert_max_num_queries(14) as queries:
        found = lines(boss)

    assert len(found) == 100
    counts = [each["sql"] for each in queries if "COUNT(" in each["sql"]]
    assert not [sql for sql in counts if "statelog" in sql and "LIMIT" not in sql]


@pytest.mark.parametrize("page", [LIST, DEEDS])
def test_nobody_but_admins_reads_it(page):
    order = paid_order()

    for user in (supporter(), new_member(order.event)):
        assert browser_of(user).get(page).status_code == 403
    assert browser_of(CustomerFactory()).get(page).status_code == 302


def test_log_ins_of_staff_are_kept_and_those_of_customers_are_not(boss):
    helper, customer = supporter(), CustomerFactory()
    browser_of(helper)
    browser_of(customer)

    found = lines(boss, {"kind": "100"}, page=DEEDS)

    assert about(found, helper.username)
    assert not about(found, customer.username)
    assert not LogEntry.objects.filter(user=customer).exists()


def test_nobody_changes_the_log(boss):
    row = StateLog.objects.for_(paid_order()).first()
    page = reverse("admin:ticketing_logrow_change", args=[row.pk])
    before = list(StateLog.objects.order_by("pk").values())

    assert "The order is paid." in html(boss, page)
    assert boss.post(page, {"description": "It was somebody else."}).status_code == 403
    assert boss.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403

    assert list(StateLog.objects.order_by("pk").values()) == before
