"""Who may stand at which door: members of the organizer and admins, as the back office lets in."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Ticket
from tests.back_office.world import browser_of, supporter
from tests.factories import CustomerFactory, EventFactory
from tests.pages.door.scanning import DOORS, door_of, outcome, scan
from tests.pages.my_pages import text_of
from tests.ticketing.event_states import new_admin, new_member

PARTS = ["", "scan/", "count/"]


def ask(browser, showing, part):
    address = door_of(showing, part)
    return browser.post(address, {"ticket": "A"}) if part == "scan/" else browser.get(address)


@pytest.mark.parametrize("part", PARTS)
def test_another_organizers_doors_do_not_exist(tonight, ticket, part):
    stranger = browser_of(new_member(EventFactory()))

    assert ask(stranger, tonight, part).status_code == 404
    assert "Đêm nhạc Trịnh" not in text_of(stranger.get(DOORS))
    assert scan(stranger, tonight, ticket.code).status_code == 404
    assert Ticket.objects.get(pk=ticket.pk).status == "active"


@pytest.mark.parametrize("part", PARTS)
def test_customers_and_visitors_are_led_to_the_back_offices_log_in(tonight, ticket, part):
    customer = browser_of(ticket.order.customer)

    for browser in (customer, Client()):
        for answer in (ask(browser, tonight, part), browser.get(DOORS)):
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith(reverse("admin:login"))
        assert scan(browser, tonight, ticket.code).status_code == 302
    assert Ticket.objects.get(pk=ticket.pk).status == "active"


@pytest.mark.parametrize("part", PARTS)
def test_support_lets_nobody_in_not_even_at_a_door_of_its_own(tonight, ticket, part):
    support = supporter()
    tonight.event.organizer.members.add(support)
    browser = browser_of(support)

    assert ask(browser, tonight, part).status_code == 403
    assert browser.get(DOORS).status_code == 403
    assert scan(browser, tonight, ticket.code).status_code == 403
    assert Ticket.objects.get(pk=ticket.pk).status == "active"


def test_members_who_are_no_staff_have_the_api_and_not_the_page(tonight):
    person = CustomerFactory()
    tonight.event.organizer.members.add(person)

    assert browser_of(person).get(door_of(tonight)).status_code == 302


def test_platform_admins_stand_at_every_door(tonight, ticket):
    boss = browser_of(new_admin())

    assert "Đêm nhạc Trịnh" in text_of(boss.get(DOORS))
    assert outcome(scan(boss, tonight, ticket.code))[0] == "in"


def test_where_a_second_factor_is_required_the_session_alone_opens_no_door(
    usher, tonight, ticket, settings
):
    settings.STAFF_MFA_REQUIRED = True

    for part in PARTS:
        assert ask(usher, tonight, part).status_code == 302
    assert scan(usher, tonight, ticket.code).status_code == 302
    assert Ticket.objects.get(pk=ticket.pk).status == "active"


def test_other_sites_can_not_let_anybody_in(tonight, ticket):
    usher = Client(enforce_csrf_checks=True)
    usher.force_login(new_member(tonight.event))

    assert scan(usher, tonight, ticket.code).status_code == 403
    assert Ticket.objects.get(pk=ticket.pk).status == "active"
