"""The admin as its people use it: pages open, organizers see their own, only admins decide."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.models import SeatHold
from payments.models import PaymentCase
from tests.factories import (
    EventFactory,
    PaymentFactory,
    ShowingFactory,
    placed_order,
    seats_in_area,
)
from tests.payments.vnpay_calls import IPN, success
from ticketing.models import Event


def lists():
    return sorted(
        f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry
    )


@pytest.mark.parametrize("name", lists())
def test_every_list_opens_and_searches(boss, name):
    PaymentFactory()

    assert boss.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert boss.get(reverse(f"admin:{name}_changelist"), {"q": "x"}).status_code == 200


def test_an_unpaid_order_tells_where_its_seats_are_with_as_many_queries_for_two_as_for_six(boss):
    pages = [
        reverse("admin:orders_order_change", args=[order.pk])
        for order in (placed_order(seats_in_area(count, name="Loge")) for count in (2, 6))
    ]
    boss.get(pages[0])  # what is read once in a process

    asked = []
    for page in pages:
        with CaptureQueriesContext(connection) as captured:
            shown = boss.get(page).content.decode()
        asked.append(len(captured))

    seat = SeatHold.objects.latest("pk").seat
    assert f"Loge · {seat.row.label} · {seat.number}" in shown
    assert asked[0] == asked[1]


def test_an_order_shows_its_seats_and_tickets_but_can_not_be_changed(boss):
    order = placed_order()
    page = reverse("admin:orders_order_change", args=[order.pk])

    shown = boss.get(page)
    refused = boss.post(page, {"status": "paid"})

    assert order.code in shown.content.decode()
    assert refused.status_code == 403
    assert type(order).objects.get().status == "pending_payment"


def test_members_see_the_orders_of_their_own_events_only(member):
    own_event = EventFactory(organizer=member.user.organizers.get())
    own = placed_order(seats_in_area(1, showing=ShowingFactory(event=own_event)))
    foreign = placed_order()

    listed = member.get(reverse("admin:orders_order_changelist")).content.decode()

    assert own.code in listed
    assert foreign.code not in listed
    own_page = member.get(reverse("admin:orders_order_change", args=[own.pk]))
    foreign_page = member.get(reverse("admin:orders_order_change", args=[foreign.pk]))
    assert own_page.status_code == 200
    assert foreign_page.status_code == 302  # Django's admin sends to the index: no such order


@pytest.fixture
def late_case(client):
    payment = PaymentFactory()
    client.get(f"{IPN}?{success(payment)}")
    client.get(f"{IPN}?{success(payment, TransactionNo='99')}")
    return PaymentCase.objects.get()


def test_members_see_neither_cases_of_others_nor_raw_messages(late_case, member):
    cases = member.get(reverse("admin:payments_paymentcase_changelist"))
    messages = member.get(reverse("admin:payments_providermessage_changelist"))

    assert late_case.txn_ref not in cases.content.decode()
    assert "have to go back" not in cases.content.decode()
    assert messages.status_code == 403


def test_money_that_is_owed_is_shown_above_the_cases(late_case, boss):
    page = boss.get(reverse("admin:payments_paymentcase_changelist"), {"owed": "yes"})

    assert "1,000,000 VND have to go back" in page.content.decode()


def test_an_admin_resolves_a_case_with_a_decision(late_case, boss):
    page = reverse("admin:payments_paymentcase_resolve", args=[late_case.pk])
    assert late_case.description in boss.get(page).content.decode().replace("&#x27;", "'")

    too_short = boss.post(page, {"decision": "ok"})
    assert too_short.status_code == 200
    assert PaymentCase.objects.get().status == "open"

    boss.post(page, {"decision": "Paid back by hand, receipt 17."})

    case = PaymentCase.objects.get()
    assert (case.status, case.decision) == ("resolved", "Paid back by hand, receipt 17.")
    assert case.decided_by.username == "boss"


def test_a_member_resolves_nothing(late_case, member):
    page = reverse("admin:payments_paymentcase_resolve", args=[late_case.pk])

    answer = member.post(page, {"decision": "Let us keep it."})

    assert answer.status_code in (302, 403)
    assert PaymentCase.objects.get().status == "open"


def test_visitors_are_sent_to_the_login(client):
    answer = client.get(reverse("admin:orders_order_changelist"))

    assert answer.status_code == 302
    assert "/admin/login/" in answer.headers["Location"]


def test_an_admin_publishes_an_event_that_has_seats_and_is_told_why_another_has_not(boss):
    ready, empty = EventFactory(draft=True), EventFactory(draft=True)
    seats_in_area(1, showing=ShowingFactory(event=ready))

    page = boss.post(
        reverse("admin:ticketing_event_changelist"),
        {"action": "publish", "_selected_action": [ready.pk, empty.pk]},
        follow=True,
    )

    assert Event.objects.get(pk=ready.pk).status == "published"
    assert Event.objects.get(pk=empty.pk).status == "draft"
    assert "Add a showing first." in page.content.decode()


def test_members_see_their_own_events_only(member):
    own = ShowingFactory(event=EventFactory(organizer=member.user.organizers.get()))
    foreign = ShowingFactory()

    for name, mine, theirs in (
        ("event", own.event, foreign.event),
        ("showing", own, foreign),
        ("organizer", own.event.organizer, foreign.event.organizer),
    ):
        change = f"admin:ticketing_{name}_change"
        assert member.get(reverse(change, args=[mine.pk])).status_code == 200
        assert member.get(reverse(change, args=[theirs.pk])).status_code == 302
