"""Staff that reads Vietnamese finds no English words on its pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils import translation

from tests.back_office.workbench import text_of

OURS = ("ticketing", "orders", "payments", "refunds", "jobs", "django_fsm_log")
THE_SAME = {"ID", "email"}


def named():
    """All that Django may name on the pages of our rows, and below them."""
    below = {part.model for page in admin.site._registry.values() for part in page.inlines}
    for model in below | set(admin.site._registry):
        if model._meta.app_label in OURS:
            yield from (model._meta.verbose_name, model._meta.verbose_name_plural)
            yield from (field.verbose_name for field in model._meta.fields)


def test_rows_and_fields_have_vietnamese_names():
    names = list(named())
    with translation.override("en"):
        english = [str(name) for name in names]
    with translation.override("vi"):
        vietnamese = [str(name) for name in names]

    untold = {word for word, told in zip(english, vietnamese, strict=True) if word == told}
    assert untold == THE_SAME


def test_an_order_is_shown_in_the_language_of_whoever_looks(member, order):
    page = reverse("admin:orders_order_change", args=[order.pk])

    english = text_of(member.get(page, headers={"Accept-Language": "en"}))
    vietnamese = text_of(member.get(page, headers={"Accept-Language": "vi"}))

    assert "Refunded amount" in english
    assert "Refunded amount" not in vietnamese
    assert "Số tiền đã hoàn" in vietnamese


def test_an_empty_form_is_refused_in_vietnamese(boss):
    page = reverse("admin:ticketing_event_add")

    refused = text_of(boss.post(page, {}, headers={"Accept-Language": "vi"}))

    assert "Hãy sửa các lỗi dưới đây." in refused
    assert "Please correct" not in refused
