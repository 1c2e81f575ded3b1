"""How many standing places are left: said by the page, and kept true by its script."""

from __future__ import annotations

import pytest

from tests.factories import placed_order, seats_in_area


@pytest.fixture
def field():
    """A standing field with three places."""
    return seats_in_area(3, general_admission=True)[0].area


def read(client, field):
    return client.get(f"/showings/{field.showing_id}/").content.decode()


def test_what_is_left_of_standing_places_is_counted_on_by_the_open_page(client, field):
    page = read(client, field)

    assert f"/api/v1/showings/{field.showing_id}/seats/" in page
    assert f'data-area="{field.pk}"' in page
    assert "<span data-left>3 left.</span>" in page
    assert 'class="counting">' in page


def test_when_no_standing_place_is_left_the_counter_waits_for_one(client, field):
    placed_order(list(field.seats.all()))

    page = read(client, field)

    assert "<span data-left>Sold out</span>" in page
    assert 'class="counting" hidden>' in page
