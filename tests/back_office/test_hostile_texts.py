"""Whatever people have written anywhere, the back office shows it as text."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import CharField, F, JSONField, TextField, Value
from django.db.models.functions import Cast, Concat

from payments.models import ProviderMessage
from tests.back_office.addresses import ADMIN, of_models
from tests.back_office.world import world
from tests.factories import from_now
from ticketing.models import Event

# From the longest to the shortest: a field gets the first that it has room for.
HOSTILE = [
    "<script>alert(7)</script>{{7*7919}}\"'><img src=x onerror=alert(7)>",
    "<script>alert(7)</script>",
    "\"'><img/src>",
    "<b>",
]
ROOM_FOR_ID = 8
WITHOUT_TEXT = {"refunds.refund rejection_reason"}  # it was not rejected
RUNS = re.compile(r"<script>alert\(7\)|<img src=x|<img/src|55433")  # 7 * 7919
OURS = ["ticketing", "orders", "payments", "refunds", "jobs", "auth", "account"]

# What code looks up by value: nobody types it, and pages would not open with another one.
NOT_TYPED = {
    "currency", "language", "time_zone", "topic", "password", "provider", "showing_time_zone"
}  # fmt: skip
# Code goes by their names, and readers stay logged in.
KEPT = {"auth.permission", "auth.group", "payments.providermessage", "ticketing.session"}
STRUCTURED = {"refunds.refund explanation", "jobs.job payload", "refunds.refundcampaign totals"}


def fits(field):
    """The longest hostile text for a field, with room for an id that keeps it unique."""
    room = (field.max_length or 10_000) - ROOM_FOR_ID
    return next((text for text in HOSTILE if len(text) <= room), None)


def poison(model):
    """Write it into every text and every free JSON of a model's rows, past all forms.

    Gives the fields that the database keeps free of it.
    """
    label = model._meta.label_lower
    refused = set()
    for field in model._meta.local_concrete_fields:
        if isinstance(field, JSONField) and f"{label} {field.name}" not in STRUCTURED:
            text = {HOSTILE[0]: HOSTILE[0], "answer": HOSTILE[0]}
        elif isinstance(field, CharField | TextField) and is_typed(field) and fits(field):
            text = Concat(Value(fits(field)), Cast(F("pk"), TextField()))
        else:
            continue
        try:
            with transaction.atomic():
                model.objects.update(**{field.name: text})
        except IntegrityError:
            refused.add(f"{label} {field.name}")
    return refused


def is_typed(field):
    return not (field.choices or field.primary_key or field.name in NOT_TYPED)


@pytest.fixture
def here():
    here = world()
    Event.objects.update(
        cancellation_requested_at=from_now(),
        cancellation_requested_by=here.a.member,
        cancellation_request_reason="Made whole for the test.",
    )
    refused = set()
    for app in OURS:
        for model in apps.get_app_config(app).get_models():
            if model._meta.label_lower not in KEPT and not model._meta.proxy:
                refused |= poison(model)
    assert refused == WITHOUT_TEXT
    ProviderMessage.objects.create(
        provider="vnpay", channel="ipn", txn_ref=HOSTILE[0], body={"a": HOSTILE[0]}, at=from_now()
    )
    return here


def texts(browser, here):
    """Every page that this reader gets, by its address."""
    for address in of_models():
        rows = [here.row(address.model).pk]
        if address.model == "payments.providermessage":
            rows.append(ProviderMessage.objects.latest("pk").pk)
        for pk in rows:
            answer = browser.get(address.of(pk), follow=True)
            if answer.headers["Content-Type"].startswith("text/html"):
                yield address.of(pk), answer.content.decode()
            elif answer.streaming:
                list(answer.streaming_content)


@pytest.mark.owner
@pytest.mark.parametrize("who", ["admin", "support", "member of A"])
def test_no_page_of_any_row_runs_what_its_fields_say(here, who):
    escaped = set()

    for address, text in texts(here.browsers[who], here):
        assert not RUNS.search(text), (address, RUNS.search(text))
        if "&lt;script&gt;alert(7)" in text:
            escaped.add(address)

    assert len(escaped) > 20, "The texts are not on the pages: this test would see nothing."


@pytest.mark.owner
def test_no_list_runs_what_is_searched_or_filtered_for(here):
    browser = here.browsers["admin"]
    for address in of_models():
        if address.verb == "changelist":
            for name in ("q", "showing", HOSTILE[0]):
                answer = browser.get(ADMIN + address.route, {name: HOSTILE[0]}, follow=True)
                assert not RUNS.search(answer.content.decode()), (address, name)


@pytest.mark.parametrize("text", HOSTILE[:3])
def test_what_is_looked_for_is_found_if_a_page_lets_it_through(text):
    """A control: else the expression could match nothing at all."""
    assert RUNS.search(f"<p>{text}</p>")
