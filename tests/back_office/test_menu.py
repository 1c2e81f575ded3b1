"""The menu leads everybody to what is open to them; pages write amounts and times as people do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from orders.models import Order
from tests.back_office.addresses import ADMIN
from tests.back_office.role_table import MODELS
from tests.back_office.world import LETTERS, world

REACHED_FROM_ANOTHER = {"payments.reconciliationentry", "refunds.campaignorder"}
STAFF = [who for who, letter in LETTERS.items() if letter]


def menu_of(browser):
    groups = browser.get(ADMIN).context["sidebar_navigation"]
    return {item["link"] for group in groups for item in group["items"]}


def list_of(model):
    return reverse(f"admin:{model.replace('.', '_')}_changelist")


@pytest.mark.parametrize("who", STAFF)
def test_the_menu_offers_the_lists_that_the_role_table_opens_and_no_others(who):
    browser = world().browsers[who]
    lists = {list_of(model): rights.read for model, rights in MODELS.items()}
    own = {page for page, letters in lists.items() if LETTERS[who] in letters}

    offered = menu_of(browser)

    assert offered & set(lists) == own - {list_of(model) for model in REACHED_FROM_ANOTHER}
    assert [page for page in offered if browser.get(page).status_code != 200] == []


def test_the_menu_leads_those_who_let_people_in_to_the_doors_and_everybody_to_the_shop():
    browsers = world().browsers

    doors, shop = reverse("doors"), reverse("events")

    assert doors in menu_of(browsers["member of A"])
    assert doors not in menu_of(browsers["support"])
    assert all(shop in menu_of(browsers[who]) for who in STAFF)


@pytest.mark.parametrize(("language", "amount"), [("en", "1,000,000 VND"), ("vi", "1.000.000 VND")])
def test_amounts_are_written_as_people_of_the_language_read_them(member, order, language, amount):
    for page in (list_of("orders.order"), f"{list_of('orders.order')}{order.pk}/change/"):
        shown = member.get(page, headers={"Accept-Language": language}).text

        assert amount in shown
        assert "1000000" not in shown
        assert "500000" not in shown


def test_times_are_those_of_the_business_and_the_page_says_so(member, order, settings):
    settings.BUSINESS_TIME_ZONE = "Asia/Ho_Chi_Minh"
    Order.objects.filter(pk=order.pk).update(created_at=datetime(2026, 3, 1, 20, 30, tzinfo=UTC))

    shown = member.get(list_of("orders.order")).text

    assert "2 Mar 2026, 03:30" in shown
    assert "UTC+07" in shown


def test_a_refund_is_called_by_its_order(boss, personal):
    shown = boss.get(reverse("admin:refunds_refund_change", args=[personal.pk])).text

    assert f"Refund {personal.pk} of order {personal.order.code}" in shown
