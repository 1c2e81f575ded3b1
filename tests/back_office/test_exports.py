"""Lists as files: what they show, own rows only, and no revenue that is frozen."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from openpyxl import load_workbook

from orders.models import Order
from tests.back_office.refund_rows import asked, bought, own_event
from tests.factories import EventFactory, paid_order, placed_order
from tests.ticketing.event_states import move
from ticketing import list_exports
from ticketing.deeds import EXPORTED
from ticketing.exports import begins_like_formula
from ticketing.list_exports import Exports
from ticketing.models import Showing
from ticketing.spreadsheets import write_workbook

LISTS = ["orders_order", "orders_ticket", "payments_payment", "payments_paymentcase",
         "refunds_refund", "orders_eventrevenue"]  # fmt: skip


def files():
    """What the log says of files that were taken."""
    return LogEntry.objects.filter(action_flag=EXPORTED)


def address(name, kind="csv"):
    return reverse(f"admin:{name}_export_{kind}")


def csv_rows(browser, name="orders_order", **query):
    answer = browser.get(address(name), query)
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(text[1:].splitlines()))


def sheet(browser, name="orders_order", **query):
    answer = browser.get(address(name, "xlsx"), query)
    return load_workbook(BytesIO(b"".join(answer.streaming_content))).active


def xlsx_rows(*given, **query):
    header, *rows = sheet(*given, **query).iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_every_list_that_has_files_is_here():
    pages = [page.opts for page in admin.site._registry.values() if isinstance(page, Exports)]

    assert {f"{opts.app_label}_{opts.model_name}" for opts in pages} == set(LISTS)


def test_tickets_are_listed_under_the_date_that_their_event_was_put_off_to(boss, order):
    put_off_to = order.showing.starts_at + timedelta(days=30)
    ends_at = put_off_to + timedelta(hours=2)
    Showing.objects.filter(pk=order.showing_id).update(starts_at=put_off_to, ends_at=ends_at)

    told = f"{put_off_to.astimezone(order.showing.zone):%Y-%m-%d %H:%M}"
    assert {row["showing"][:16] for row in csv_rows(boss, "orders_ticket")} == {told}
    assert told in boss.get(reverse("admin:orders_ticket_changelist")).content.decode()


def test_a_file_has_the_row_as_the_list_shows_it(boss, order):
    [row] = csv_rows(boss)

    zone = order.showing.zone
    assert row == {
        "order": order.code,
        "event": "Own event",
        "showing": f"{order.showing.starts_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        "email": order.email,
        "status": "paid",
        "total": "1000000.00",
        "refunded": "0.00",
        "currency": "VND",
        "created": f"{order.created_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        "paid": f"{order.paid_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        "time zone": order.showing.time_zone,
    }


def test_filters_and_search_of_the_list_hold_for_its_file(boss, order):
    waiting = placed_order()

    assert [row["order"] for row in csv_rows(boss, status__exact="pending_payment")] == [
        waiting.code
    ]
    assert [row["order"] for row in csv_rows(boss, q=order.code)] == [order.code]
    assert len(csv_rows(boss)) == 2


def test_the_buttons_lead_to_a_file_of_what_is_shown(boss, order):
    listed = boss.get(reverse("admin:orders_order_changelist"), {"status__exact": "paid"})

    assert f'{address("orders_order")}?status__exact=paid"' in listed.content.decode()
    assert f'{address("orders_order", "xlsx")}?status__exact=paid"' in listed.content.decode()


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("read", [csv_rows, xlsx_rows])
def test_members_get_their_own_rows_in_every_file(member, stranger, boss, personal, name, read):
    asked(bought(own_event(stranger, title="Foreign event")))

    own = read(member, name)

    assert "Foreign event" not in str(own)
    if name != "payments_paymentcase":
        assert "Own event" in str(own)
        assert "Foreign event" in str(read(boss, name))


def test_members_get_no_money_of_an_event_whose_revenue_is_frozen(member, boss, personal):
    other = asked(bought(own_event(member, title="Open event")))
    move(personal.order.event, "investigate", "confirm_fraud")

    for name in ("orders_order", "orders_ticket", "payments_payment", "refunds_refund"):
        amounts = {"total", "refunded", "price", "amount", "gone back", "base"}
        for row in csv_rows(member, name):
            given = {row[column] for column in amounts & set(row)}
            assert (given == {""}) is (row["event"] == "Own event"), name
        assert "1000000.00" in str(csv_rows(boss, name)) or "500000.00" in str(csv_rows(boss, name))
    assert other.order.code in str(csv_rows(member))


def test_members_read_nothing_of_frozen_revenue_that_adds_up_to_it(member, boss, order):
    move(order.event, "investigate", "confirm_fraud")
    page = reverse("admin:orders_eventrevenue_changelist")

    [row] = csv_rows(member, "orders_eventrevenue")

    assert (row["sold"], row["refunded"], row["reserved"], row["payable"]) == ("", "", "", "")
    assert "1,000,000" not in member.get(page).content.decode()
    assert "1,000,000" in boss.get(page).content.decode()


def test_a_spreadsheet_has_numbers_and_times_below_a_frozen_header(boss, order):
    found = sheet(boss)
    [row] = xlsx_rows(boss)

    assert found.freeze_panes == "A2"
    assert row["total"] == 1_000_000
    local = order.created_at.astimezone(order.showing.zone).replace(tzinfo=None, microsecond=0)
    assert row["created"] == local
    assert isinstance(row["showing"], datetime)
    assert row["time zone"] == order.showing.time_zone


@pytest.mark.parametrize("read", [csv_rows, xlsx_rows])
def test_no_file_runs_what_people_have_named(boss, read):
    event = EventFactory(title='=HYPERLINK("http://x.example")')
    bought(event, email="+1@example.org")

    [row] = read(boss)

    assert row["event"] == '\'=HYPERLINK("http://x.example")'
    assert row["email"] == "'+1@example.org"


@pytest.mark.parametrize("part", ["=1+1", " +1", '"=1', "@x", "＝1"])
def test_no_text_begins_a_formula_where_semicolons_part_cells(boss, part):
    """Excel takes the separator of its country, whatever the file has."""
    bought(EventFactory(title=f"Concert;{part};end"))

    answer = boss.get(address("orders_order"))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    cells = [cell for line in lines for cell in line.split(";")]

    assert len(cells) > len(lines)
    assert not [cell for cell in cells if begins_like_formula(cell.lstrip(' "'))]


def test_a_spreadsheet_has_texts_and_no_formula_even_if_nobody_made_them_harmless():
    file = BytesIO()

    write_workbook(file, ["a"], [["=1+1"], ["{=1}"], ["http://x.example"]])

    cells = [cell for [cell] in load_workbook(file).active.iter_rows(min_row=2)]
    assert [(cell.data_type, cell.hyperlink) for cell in cells] == [("s", None)] * 3


def test_a_list_too_long_for_a_spreadsheet_is_refused_and_its_csv_is_not(boss, monkeypatch):
    monkeypatch.setattr(list_exports, "AT_MOST", 2)
    paid_order(), paid_order()
    assert len(xlsx_rows(boss)) == 2
    paid_order()

    answer = boss.get(address("orders_order", "xlsx"), follow=True)

    assert "More than 2 rows are too many for a spreadsheet." in answer.content.decode()
    assert files().count() == 1
    assert len(csv_rows(boss)) == 3


def test_a_spreadsheet_of_nothing_has_its_header(boss):
    [header] = sheet(boss).iter_rows(values_only=True)

    assert header[0] == "order"


def test_it_is_kept_who_took_which_file(member, order):
    csv_rows(member, status__exact="paid")

    entry = files().get()
    assert entry.user == member.user
    assert entry.content_type.model_class() is Order
    assert entry.change_message == "Exported as csv: status__exact=paid"


def test_what_was_taken_is_kept_in_one_language_whoever_took_it(member, order):
    member.get(address("orders_order"), headers={"Accept-Language": "vi"})

    assert files().get().object_repr == "orders"


def test_who_may_not_export_leaves_no_file_and_no_trace(buyer, order):
    assert buyer.get(address("orders_order")).status_code == 302
    assert not files().exists()


def test_a_filter_that_makes_no_sense_leads_back_to_the_list(boss, order):
    answer = boss.get(address("orders_order"), {"created_at__gte": "late"})

    assert answer.headers["Location"] == reverse("admin:orders_order_changelist")
    assert not files().exists()


def test_times_of_each_row_are_those_of_its_showing(boss):
    there = paid_order()
    Showing.objects.filter(pk=there.showing_id).update(time_zone="Europe/Paris")
    here = paid_order()

    zones = {row["order"]: row["time zone"] for row in csv_rows(boss)}

    assert zones == {there.code: "Europe/Paris", here.code: "Asia/Ho_Chi_Minh"}
