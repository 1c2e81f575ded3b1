"""PostgreSQL keeps no null character: an address that has one is refused, and nothing breaks."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.back_office.addresses import ADMIN, addresses
from ticketing.models import Organizer

ENCODED, REFUSED = "1\0", "The request is not valid."
USUAL = ["q", "p", "o", "e", "nothing", "_popup", "_changelist_filters"]


def filters_of(page, request):
    """What its list may be narrowed by: its filters, and every field of its rows."""
    filters = page.get_changelist_instance(request).get_filters(request)[0]
    offered = [name for each in filters for name in each.expected_parameters()]
    fields = [field.name for field in page.model._meta.concrete_fields]
    return {*offered, *fields, *(f"{name}__exact" for name in fields)}


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_no_list_is_asked_for_what_no_row_can_hold(boss, model):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    shown = boss.get(address)
    assert shown.status_code in (200, 403)

    for name in {*USUAL, *filters_of(admin.site._registry[model], shown.wsgi_request)}:
        refused = boss.get(address, {name: ENCODED})
        assert (refused.status_code, REFUSED in refused.content.decode()) == (400, True), name
    assert boss.get(address, {"q\0": "1"}).status_code == 400


def test_no_other_page_of_the_back_office_is_either(here):
    browser = here.browsers["admin"]
    for address in addresses():
        if address.name in ("login", "logout"):
            continue
        row = here.row(address.model).pk if address.model else 1
        assert browser.get(address.of(row), {"q": ENCODED}).status_code == 400, address


def test_what_is_typed_ahead_is_not_looked_for_either(boss):
    asked = {"app_label": "ticketing", "model_name": "event", "field_name": "organizer"}
    address = reverse("admin:autocomplete")
    assert boss.get(address, asked | {"term": "Saigon"}).status_code == 200

    assert boss.get(address, asked | {"term": "Sai\0gon"}).status_code == 400


def test_whoever_has_to_log_in_first_is_asked_to(client):
    answer = client.get(reverse("admin:ticketing_event_changelist"), {"q": "\0"})

    assert answer.status_code == 302
    assert answer.url.startswith(reverse("admin:login"))


def test_a_percent_sign_before_two_zeros_is_no_null_character(boss):
    Organizer.objects.create(name="100%00", slug="hundred")

    found = boss.get(reverse("admin:ticketing_organizer_changelist"), {"q": "100%00"})

    assert "100%00" in found.content.decode()


@pytest.mark.parametrize("goal", ["somewhere", "1\0", "./..", "a:b"])
def test_whoever_is_in_already_is_led_on_wherever_the_address_says(boss, goal):
    answer = boss.get(f"{ADMIN}login/", {"next": goal})

    assert answer.status_code == 302
