"""Amounts as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import translation

from orders.models import Order


@pytest.mark.parametrize(
    ("amount", "in_english", "in_vietnamese"),
    [
        ("0", "0 VND", "0 VND"),
        ("333333.00", "333,333 VND", "333.333 VND"),
        ("266666.40", "266,666.40 VND", "266.666,40 VND"),
        ("0.05", "0.05 VND", "0,05 VND"),
    ],
)
def test_parts_of_a_dong_are_shown_unless_they_are_nothing(amount, in_english, in_vietnamese):
    order = Order(currency="VND")

    for language, shown in (("en", in_english), ("vi", in_vietnamese)):
        with translation.override(language):
            assert order.price_tag(Decimal(amount)) == shown
