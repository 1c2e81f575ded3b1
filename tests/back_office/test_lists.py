"""Every list of the back office costs the same however many rows there are and far one reads."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import chain

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import sales
from jobs.back_office import Paged
from jobs.models import Job
from jobs.paging import Position
from orders.models import Order, Ticket
from payments.models import Payment, ProviderMessage
from tests.back_office.world import browser_of, supporter
from tests.factories import CustomerFactory, from_now, paid_order
from ticketing.models import LogRow, Organizer, Showing

PAYMENTS = reverse("admin:payments_payment_changelist")
ORDERS = reverse("admin:orders_order_changelist")
PER_PAGE = 20


def sell(slug, orders):
    with connection.cursor() as cursor:
        sales.sell(cursor, slug=slug, orders=orders, prefix=slug[:3].upper())


def member_of(slug):
    user = CustomerFactory(username=f"member-{slug}", is_staff=True)
    Organizer.objects.get(slug=slug).members.add(user)
    return browser_of(user)


def pages():
    return list(admin.site._registry.items())


def list_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def statements(browser, address, query=None):
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address, query).status_code in (200, 403)
    return [query["sql"] for query in captured.captured_queries]


def all_lists(browser):
    return {model._meta.label: statements(browser, list_of(model)) for model, _ in pages()}


def shown(html):
    """The ids of the rows of a list, from top to bottom."""
    return [int(pk) for pk in dict.fromkeys(re.findall(r"/(\d+)/change/", html))]


def neighbour(html, side):
    found = re.search(rf'rel="{side}" href="([^"]+)"', html)
    return found and found[1].replace("&amp;", "&")


def walk(browser, address, query, side="next"):
    """The ids on each page from here to the end, and the address of the last page."""
    found = []
    while query is not None:
        html = browser.get(address + query).content.decode()
        found.append(shown(html))
        query, last = neighbour(html, side), query
    return found, last


def test_every_list_is_paged():
    assert [model for model, page in pages() if not isinstance(page, Paged)] == []


def test_no_list_asks_more_with_more_rows_nor_counts_nor_skips_any(boss):
    sell("first", 30)
    readers = {"boss": boss, "support": browser_of(supporter()), "member": member_of("first")}
    all_lists(boss)  # content types are kept from here on
    few = {name: all_lists(browser) for name, browser in readers.items()}
    sell("second", 300)
    Organizer.objects.get(slug="second").members.add(readers["member"].user)

    many = {name: all_lists(browser) for name, browser in readers.items()}

    for name, lists in many.items():
        for model, asked in lists.items():
            assert len(asked) <= len(few[name][model]) < 15, (name, model)
            for sql in asked:
                assert not re.search(r"OFFSET|SELECT COUNT\(|SELECT DISTINCT", sql), (name, model)


@pytest.fixture
def many(boss, monkeypatch):
    """More payments than two pages hold; one in ten has no `paid_at`."""
    for model in (Order, Payment):
        monkeypatch.setattr(admin.site._registry[model], "list_per_page", PER_PAGE)
    sell("many", 50)
    return boss


# Columns of payments: reference, order, provider, amount, status, created, paid.
@pytest.mark.parametrize("order", ["", "?o=1", "?o=2.-4", "?o=6", "?o=-7", "?o=7", "?o=-7.4"])
def test_reading_on_and_back_shows_every_row_once_and_in_order(many, order):
    request = many.get(PAYMENTS + order).wsgi_request
    page = admin.site._registry[Payment]
    expected = list(page.get_changelist_instance(request).queryset.values_list("pk", flat=True))

    onward, last = walk(many, PAYMENTS, order)
    back, _ = walk(many, PAYMENTS, last, side="prev")

    assert list(chain(*onward)) == expected
    assert [len(rows) for rows in onward] == [PER_PAGE, PER_PAGE, len(expected) - 2 * PER_PAGE]
    assert back == onward[::-1]


def test_the_database_is_told_whose_rows_a_member_reads_before_it_plans_how():
    """By a subquery it would plan for a usual organizer, and sort all that a large one has."""
    sell("few", 10)

    for model, asked in all_lists(member_of("few")).items():
        assert not [sql for sql in asked if re.search(r"IN \(SELECT.*organizer_members", sql)], (
            model
        )


@pytest.mark.parametrize(
    ("model", "columns"),
    [(Order, {"5"}), (Ticket, set()), (Payment, set()), (ProviderMessage, set()), (Job, set())],
)
def test_the_longest_lists_offer_to_be_sorted_only_by_what_has_an_index(many, model, columns):
    html = many.get(list_of(model)).content.decode()

    assert shown(html)
    assert set(re.findall(r'href="\?o=-?(\d+)"', html)) == columns


def test_reading_on_keeps_filter_and_search(many):
    onward, _ = walk(many, PAYMENTS, "?status__exact=captured")

    assert sorted(chain(*onward)) == list(
        Payment.objects.captured().order_by("pk").values_list("pk", flat=True)
    )


def test_what_comes_in_on_top_shifts_nothing(many):
    first = many.get(ORDERS).content.decode()
    late = paid_order()

    second = many.get(ORDERS + neighbour(first, "next")).content.decode()

    seen = shown(first) + shown(second)
    newest_first = Order.objects.exclude(pk=late.pk).order_by("-created_at", "-pk")
    assert seen == list(newest_first.values_list("pk", flat=True)[: 2 * PER_PAGE])


def test_going_back_to_fewer_rows_than_a_page_shows_the_first_page(many):
    first = many.get(PAYMENTS).content.decode()
    second = many.get(PAYMENTS + neighbour(first, "next")).content.decode()
    back = neighbour(second, "prev")
    gone = Payment.objects.filter(pk__in=shown(first)[:5])
    gone.update(status="failed", paid_at=None)

    html = many.get(PAYMENTS + back + "&status__exact=captured").content.decode()

    captured = Payment.objects.captured().order_by("-pk").values_list("pk", flat=True)
    assert shown(html) == list(captured[:PER_PAGE])
    assert neighbour(html, "prev") is None


@pytest.mark.parametrize(
    "position", ["7", "none", "", "bm9uZQ==", "W3RydWUsIDEsIDJd", "W3RydWUsIFsxXV0="]
)
def test_a_position_that_no_page_has_written_is_the_first_page(many, position):
    first = many.get(PAYMENTS).content.decode()

    assert shown(many.get(PAYMENTS, {"p": position}).content.decode()) == shown(first)


def test_a_position_of_another_kind_of_list_leads_to_the_whole_list(many):
    answer = many.get(PAYMENTS, {"p": Position(True, ("late",)).write()}, follow=True)

    assert len(shown(answer.content.decode())) == PER_PAGE


def test_a_position_is_the_same_when_it_is_read_again():
    written = Position(False, (7, None, "Đêm", "2026-11-21 10:00:00.123456+00:00"))

    assert Position.read(written.write()) == written


def test_a_list_of_few_rows_tells_how_many_and_a_long_one_how_many_at_least(boss, many):
    listed = many.get(PAYMENTS).content.decode()
    assert f"{PER_PAGE}+ payments" in " ".join(listed.split())
    assert "Show all" not in listed
    few = many.get(PAYMENTS, {"q": "MAN000000000"}).content.decode()
    assert "1 payment" in " ".join(few.split())
    assert "Show all" in few
    assert "rel=" not in few.split('aria-label="Pages"')[1].split("</nav>")[0]


def test_an_action_on_all_rows_reaches_those_on_other_pages(many):
    Job.objects.update(status="dead")
    chosen = {"action": "revive", "select_across": "1", "_selected_action": [Job.objects.last().pk]}

    many.post(reverse("admin:jobs_job_changelist"), {**chosen, "confirmed": "yes"})

    assert not Job.objects.dead().exists()


def test_an_account_is_found_by_its_whole_address_in_any_case(many):
    user = User.objects.get(username="many7")

    found = many.get(reverse("admin:auth_user_changelist"), {"q": "MANY7@example.ORG"})

    assert shown(found.content.decode()) == [user.pk]


def test_no_page_shows_the_code_of_a_ticket(boss, member):
    order = paid_order()
    order.event.organizer.members.add(member.user)
    ticket = order.tickets.first()
    addresses = [
        reverse("admin:orders_order_change", args=[order.pk]),
        reverse("admin:orders_ticket_changelist"),
        reverse("admin:orders_ticket_change", args=[ticket.pk]),
        reverse("admin:orders_ticket_history", args=[ticket.pk]),
    ]

    for browser in (boss, member):
        for address in addresses:
            html = browser.get(address).content.decode()
            assert order.code in html or str(ticket) in html
            assert ticket.code not in html, address


@pytest.mark.parametrize(
    ("model", "query"),
    [
        (Organizer, {"o": "1", "p": Position(True, ("\0", 0)).write()}),
        (Job, {"p": Position(True, (float("inf"),)).write()}),
        (Order, {"created_at__year": "9" * 20}),
        (Ticket, {"showing": "9" * 5_000}),
        (LogEntry, {"kind": "9" * 5_000}),
        (LogRow, {"who": "9" * 5_000}),
    ],
)
def test_a_list_is_shown_whatever_its_address_asks_for(boss, model, query):
    paid_order()

    assert boss.get(list_of(model), query, follow=True).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_list_is_shown_although_the_database_can_not_read_what_is_asked_for(boss):
    assert boss.get(ORDERS, {"email__regex": "("}, follow=True).status_code == 200


def test_the_people_of_a_showing_are_listed_alone_after_it_too(boss):
    past = {"ticket_sale_start": -99, "ticket_sale_end": -6, "starts_at": -5, "ends_at": -2}
    order, other = paid_order(), paid_order()
    Showing.objects.update(**{name: from_now(hours=hours) for name, hours in past.items()})

    html = boss.get(list_of(Ticket), {"showing": order.showing_id}).content.decode()

    assert order.email in html
    assert other.email not in html


def test_a_ticket_tells_its_start_by_the_clock_of_its_house(boss):
    ticket = paid_order().tickets.first()
    start = datetime(2099, 3, 5, 19, tzinfo=UTC)
    Ticket.objects.update(showing_time_zone="Europe/Berlin", showing_starts_at=start)

    html = boss.get(reverse("admin:orders_ticket_change", args=[ticket.pk])).content.decode()

    assert "2099-03-05 20:00 (Europe/Berlin)" in html
    assert "02:00" not in html


def test_the_people_of_a_showing_are_a_click_away(boss):
    order, other = paid_order(), paid_order()
    people = reverse("admin:orders_ticket_changelist")

    html = boss.get(people, {"showing": order.showing_id}).content.decode()

    assert order.code in html
    assert other.code not in html
    assert f"?showing={other.showing_id}" in html
