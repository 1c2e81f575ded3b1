"""People read Vietnamese or English, whichever they ask for."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest
from django.utils import translation

from orders.models import OrderStatus
from ticketing import errors
from ticketing.errors import DomainError
from ticketing.problem_kinds import KINDS

MESSAGES = Path(errors.__file__).parent / "locale" / "vi" / "LC_MESSAGES"
REFUSALS = sorted(DomainError.__subclasses__(), key=lambda error: error.code)


def in_both(text):
    with translation.override("en"):
        english = str(text)
    with translation.override("vi"):
        return english, str(text)


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.code)
def test_every_refusal_is_told_in_both_languages(error):
    english, vietnamese = in_both(error.title)

    assert english
    assert vietnamese != english


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_problem_and_its_advice_are_told_in_both_languages(kind):
    for text in (kind.title, kind.detail):
        english, vietnamese = in_both(text)
        assert vietnamese != english


def test_states_are_told_in_both_languages():
    for status in OrderStatus:
        english, vietnamese = in_both(status.label)
        assert vietnamese != english


def test_the_compiled_messages_are_those_of_the_source():
    source = (MESSAGES / "django.po").read_text()
    written = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', source, re.MULTILINE)
    with (MESSAGES / "django.mo").open("rb") as compiled:
        catalog = gettext.GNUTranslations(compiled)

    assert len(written) > 100
    for english, vietnamese in written:
        assert catalog.gettext(unescaped(english)) == unescaped(vietnamese)


def unescaped(text):
    return text.replace("\\n", "\n").replace('\\"', '"')


def test_a_translation_names_the_same_values_as_the_english_text():
    source = (MESSAGES / "django.po").read_text()
    names = re.compile(r"\{\w+\}|%\(\w+\)s|`[^`]+`")

    for english, vietnamese in re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', source, re.MULTILINE):
        assert sorted(names.findall(english)) == sorted(names.findall(vietnamese))


def test_a_refusal_reaches_the_customer_in_vietnamese(visitor):
    answer = visitor.get("/api/v1/orders/", headers={"Accept-Language": "vi"})

    assert answer.json()["title"] == "Bạn chưa đăng nhập."
