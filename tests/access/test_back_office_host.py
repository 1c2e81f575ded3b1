"""Where the back office has a host of its own, neither host answers for the other's pages."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit, urlunsplit

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import OrderFactory, able_to_log_in

PASSWORD = "a-long-and-quiet-night"
SHOP, OFFICE = "tickets.example.org", "office.example.org"


@pytest.fixture
def hosts(settings) -> None:
    settings.PUBLIC_URL, settings.BACK_OFFICE_URL = f"http://{SHOP}", f"http://{OFFICE}"
    settings.BACK_OFFICE_HOST, settings.ALLOWED_HOSTS = OFFICE, [SHOP, OFFICE]


@pytest.mark.parametrize("host", [OFFICE, f"{OFFICE.title()}:80"])
def test_a_browser_may_write_the_host_with_its_port_and_in_capitals(client, hosts, host):
    answer = client.get("/admin/", headers={"host": host})

    assert answer["Location"] == "/admin/login/?next=/admin/"


@pytest.mark.parametrize("path", ["/admin/", "/admin/orders/order/?status=paid"])
def test_people_are_led_from_the_shop_to_the_back_office(client, hosts, path):
    answer = client.get(path, headers={"host": SHOP})

    assert (answer.status_code, answer["Location"]) == (302, f"http://{OFFICE}{path}")


@pytest.mark.parametrize("path", ["/orders/?page=2", "/door/"])
def test_people_are_led_from_the_back_office_to_the_shop(client, hosts, path):
    answer = client.get(path, headers={"host": OFFICE})

    assert (answer.status_code, answer["Location"]) == (302, f"http://{SHOP}{path}")


@pytest.mark.parametrize(
    "path", ["/api/v1/events", "/_allauth/app/v1/config", "/payments/vnpay/ipn/?vnp_TxnRef=1"]
)
def test_programs_find_nothing_at_the_back_office(client, hosts, path):
    assert client.get(path, headers={"host": OFFICE}).status_code == 404


def test_a_form_sent_to_the_wrong_host_changes_nothing(client, hosts):
    order = OrderFactory()
    client.force_login(order.customer)

    answer = client.post(f"/orders/{order.code}/cancel/", headers={"host": OFFICE})

    assert answer.status_code == 404
    assert type(order).objects.get(pk=order.pk).status == order.status


def test_the_cookie_of_a_log_in_is_for_its_host_alone(client, hosts, django_user_model):
    boss = django_user_model.objects.create_superuser("boss", "boss@example.org")
    able_to_log_in(boss, PASSWORD)
    fields = {"login": boss.email, "password": PASSWORD}

    client.post("/accounts/login/", fields, headers={"host": SHOP})

    cookie = client.cookies["sessionid"]
    assert not cookie["domain"]  # so browsers send it to the host that set it, and to no other


def test_whoever_logs_in_at_the_back_office_stays_there(client, hosts, django_user_model):
    boss = django_user_model.objects.create_superuser("boss", "boss@example.org")
    able_to_log_in(boss, PASSWORD)
    fields = {"login": boss.email, "password": PASSWORD}

    entered = client.post("/accounts/login/", fields, headers={"host": OFFICE}, follow=True)

    assert [path for path, _status in entered.redirect_chain] == ["/", "/admin/"]
    assert entered.status_code == 200


def test_its_menu_leads_to_the_shop(client, hosts, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("boss", "boss@example.org"))

    page = client.get("/admin/", headers={"host": OFFICE}).content.decode()

    assert f'href="http://{SHOP}/"' in page
    assert f"http://{SHOP}{reverse('doors')}" in page


def test_whoever_is_logged_in_at_the_back_office_logs_in_at_a_door_too_and_gets_there(
    hosts, django_user_model
):
    """A browser keeps its cookies by host, so each has a client of its own."""
    boss = django_user_model.objects.create_superuser("boss", "boss@example.org")
    able_to_log_in(boss, PASSWORD)
    browsers = {SHOP: Client(), OFFICE: Client()}
    browsers[OFFICE].force_login(boss)

    def follow(address, **fields):
        for _ in range(8):
            host, path = urlsplit(address).netloc, urlunsplit(("", "", *urlsplit(address)[2:]))
            ask = browsers[host].post if fields else browsers[host].get
            answer = ask(path, fields or None, headers={"host": host})
            if answer.status_code != 302:
                return address, answer
            address, fields = urljoin(address, answer["Location"]), {}
        raise AssertionError(f"It leads on and on, at last to {address}")

    doors = f"http://{SHOP}{reverse('doors')}"
    form, _ = follow(doors)
    assert form.startswith(f"http://{SHOP}/accounts/login/?")
    arrived, page = follow(form, login=boss.email, password=PASSWORD)

    assert (arrived, page.status_code) == (doors, 200)


def test_one_host_does_for_both_where_no_other_is_set(client):
    assert client.get("/").status_code == 200
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
