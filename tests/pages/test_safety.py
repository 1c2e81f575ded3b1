"""What every page promises to browsers, and how problems are told to people."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.test import Client

from tests.factories import placed_order, seats_in_area

STRICT = {
    "default-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
}


class Inline(HTMLParser):
    """Whatever a strict policy would block, or that would load from elsewhere."""

    def __init__(self, page):
        super().__init__()
        self.found, self.tag = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tag = tag
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.found.append((tag, name))
            if name in ("src", "href", "action") and not (value or "/").startswith(("/", "#", "?")):
                self.found.append((tag, value))

    def handle_endtag(self, tag):
        self.tag = ""

    def handle_data(self, data):
        if self.tag in ("script", "style") and data.strip():
            self.found.append((self.tag, data))


def policy(answer):
    return set(answer.headers["Content-Security-Policy"].split("; "))


@pytest.fixture
def paths():
    """Addresses of all pages that a visitor can open, a showing with everything on it included."""
    seats = seats_in_area(3)
    showing = seats[0].showing
    seats_in_area(2, showing=showing, general_admission=True)
    placed_order(seats[:1])
    return [
        "/",
        f"/events/{showing.event.slug}/",
        f"/showings/{showing.pk}/",
        f"/showings/{showing.pk}/?seats={seats[1].pk}",
        "/accounts/login/?next=/orders/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/nowhere/",
    ]


def test_pages_have_a_strict_policy_and_nothing_inline(client, paths):
    for path in paths:
        answer = client.get(path)

        assert policy(answer) == STRICT, path
        assert Inline(answer.content.decode()).found == [], path
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]


def test_pages_of_a_customer_who_is_logged_in_have_nothing_inline_either(client, customer, paths):
    client.force_login(customer)

    for path in paths:
        assert Inline(client.get(path).content.decode()).found == [], path


@pytest.mark.parametrize("path", ["/admin/login/", "/api/docs/", "/_allauth/openapi.html"])
def test_what_libraries_need_is_allowed_at_their_addresses_only(client, path):
    allowed = policy(client.get(path))

    assert allowed > {"default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"}
    assert "style-src 'self' 'unsafe-inline'" in allowed
    scripts = [each for each in allowed if each.startswith("script-src")]
    assert scripts == (["script-src 'self' 'unsafe-eval'"] if path == "/admin/login/" else [])


def test_the_page_of_a_second_factor_may_show_its_image_and_no_more(client, customer):
    usual = policy(client.get("/"))
    client.force_login(customer)

    allowed = policy(client.get("/accounts/2fa/"))

    assert allowed ^ usual == {"img-src 'self' data:"}


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "There is no such thing here."), ("vi", "Không tìm thấy.")],
)
def test_people_read_that_there_is_nothing_in_their_language(client, language, title):
    answer = client.get("/nowhere/", headers={"Accept": "text/html", "Accept-Language": language})

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert title in answer.content.decode()
    assert answer.headers["X-Request-ID"] in answer.content.decode()


def test_programs_read_the_same_as_a_problem(client):
    for path, accept in [("/nowhere/", "application/json"), ("/api/v1/nowhere/", "text/html")]:
        answer = client.get(path, headers={"Accept": accept})

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "not-found"


def test_a_wrong_host_is_told_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "Go back and try again" in answer.content.decode()
    assert "evil.example" not in answer.content.decode()


def test_a_bug_says_nothing_but_the_requests_id(monkeypatch):
    def explode(*arguments, **options):
        raise ZeroDivisionError("the secret inside")

    monkeypatch.setattr("ticketing.pages.views.offers_of", explode)

    answer = Client(raise_request_exception=False).get("/")

    assert answer.status_code == 500
    page = answer.content.decode()
    assert "Something went wrong on our side." in page
    assert "secret" not in page
    assert answer.headers["X-Request-ID"] in page
    assert policy(answer) == STRICT
