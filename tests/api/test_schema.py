"""The API's own description: complete, valid, and true."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from orders.errors import AlreadyCheckedIn, NotEnoughSeats, SeatsUnavailable
from refunds.errors import QuoteChanged, RefundWindowClosed, TicketNotRefundable
from ticketing.errors import DomainError


@pytest.fixture(scope="module")
def schema():
    return json.loads(Client().get("/api/schema/?format=json").content)


def operations(schema):
    return [
        (f"{method} {path}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.fixture(autouse=True)
def _database():
    """The description comes from the code alone."""


def test_it_describes_every_address_of_the_contract(schema):
    assert {name for name, _ in operations(schema)} >= {
        "get /api/v1/events/",
        "get /api/v1/events/{slug}/",
        "get /api/v1/showings/{id}/",
        "get /api/v1/showings/{id}/seats/",
        "get /api/v1/orders/",
        "post /api/v1/orders/",
        "get /api/v1/orders/{code}/",
        "post /api/v1/orders/{code}/cancel/",
        "get /api/v1/orders/{code}/payments/",
        "post /api/v1/orders/{code}/payments/",
        "get /api/v1/orders/{code}/tickets/",
        "get /api/v1/tickets/{code}/qr.svg",
        "get /api/v1/tickets/{code}/ticket.pdf",
        "post /api/v1/check-ins/",
    }
    assert schema["openapi"].startswith("3.1")


def test_every_operation_has_a_summary_an_example_and_its_problems(schema):
    for name, operation in operations(schema):
        assert operation["summary"], name
        answers = operation["responses"]
        for status, answer in answers.items():
            content = answer.get("content", {})
            if status.startswith(("4", "5")):
                [(media_type, problem)] = content.items()
                assert media_type == "application/problem+json", name
                assert problem["examples"], name
            elif "application/json" in content:
                assert content["application/json"].get("examples"), name


def test_every_problem_code_of_a_refusal_is_somewhere(schema):
    told = json.dumps(schema)
    ours = {error.code for error in DomainError.__subclasses__()}
    in_the_api = ours - {
        "invalid-seat-plan",  # these come from commands and the back office only
        "wrong-area-kind",
        "area-has-seats",
        "event-not-publishable",
        "not-allowed",
        "wrong-event-state",
        "second-admin-needed",
        "refund-already-decided",
        "refund-override-not-allowed",
        "refund-amount-changed",
        "refund-not-failed",
        "refund-try-moved",
        "refund-too-large",
        "note-required",
        "campaign-not-possible",
        "payment-not-captured",
        "reversal-in-progress",
        "reversal-too-large",
        "reversal-not-decidable",
        "case-being-paid-back",
        "case-resolved-already",
        "no-tickets-to-send",
        "wrong-dates",
        "case-open-already",
        "wrong-seat-state",
        "showing-over",
        "invalid-price",
        "too-few-places",
        "price-changed",  # the pages alone say which prices they showed
    }

    assert {code for code in in_the_api if f'"{code}"' not in told} == set()


def test_a_token_is_asked_for_where_it_is_needed(schema):
    for name, operation in operations(schema):
        is_public = "/events/" in name or "/showings/" in name
        assert ({"bearer": []} in operation["security"]) is not is_public, name
        assert ("401" in operation["responses"]) is not is_public, name


def test_everybody_may_be_told_to_wait(schema):
    for name, operation in operations(schema):
        assert operation["responses"]["429"]["description"] == "`throttled`", name


def test_what_creates_takes_an_idempotency_key(schema):
    for name in ("/api/v1/orders/", "/api/v1/orders/{code}/payments/"):
        parameters = schema["paths"][name]["post"]["parameters"]
        assert "Idempotency-Key" in {parameter["name"] for parameter in parameters}


def test_how_long_a_list_may_be_is_described(schema):
    described = schema["components"]["schemas"]

    for name, field in (("OrderRequestRequest", "seats"), ("RefundRequestRequest", "tickets")):
        wanted = described[name]["properties"][field]
        assert (wanted["minItems"], wanted["maxItems"]) == (1, 1000)


def test_the_extra_members_of_problems_are_described(schema):
    described = schema["components"]["schemas"]["Problem"]["properties"]

    in_the_api = [
        SeatsUnavailable,
        NotEnoughSeats,
        AlreadyCheckedIn,
        RefundWindowClosed,
        TicketNotRefundable,
        QuoteChanged,
    ]
    for error in in_the_api:
        assert set(error.extra_example) <= set(described)


@pytest.mark.parametrize(
    "path",
    [
        "/api/schema/?format=json",
        "/api/schema/?format=yaml&version=2&lang=de",
        "/_allauth/openapi.json",
        "/_allauth/openapi.yaml?again",
    ],
)
def test_a_description_is_made_once_whatever_is_asked_for(path, monkeypatch):
    first = Client().get(path)
    monkeypatch.delattr("drf_spectacular.generators.SchemaGenerator.get_schema")
    monkeypatch.delattr("allauth.headless.spec.views.get_schema")

    second = Client().get(path)

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.content == first.content
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers["X-Request-ID"] != first.headers["X-Request-ID"]


def test_the_description_speaks_the_language_of_its_reader():
    answers = [
        Client().get("/api/schema/?format=json", headers={"Accept-Language": language}).content
        for language in ("en", "vi", "en")
    ]

    assert answers[0] == answers[2] != answers[1]
    assert "Không tìm thấy." in answers[1].decode()


@pytest.mark.parametrize("path", ["/api/docs/", "/_allauth/openapi.html"])
def test_the_pages_that_show_them_load_nothing_from_elsewhere(path):
    page = Client().get(path).content.decode()

    assert "swagger-ui" in page
    assert "https://" not in page
