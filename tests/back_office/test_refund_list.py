"""Refunds as staff reads them: the list, the page of one, and approving many at once."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from orders.models import Order
from orders.services import check_in
from refunds.policy import Reason
from tests.back_office.refund_rows import (
    LIST,
    asked,
    asked_after_postponing,
    bought,
    decide,
    failed,
    html,
    own_event,
    page_of,
    rejected,
    status,
    stored,
    told,
)
from tests.factories import from_now, reread
from tests.orders.closing import run_all
from tests.orders.dates import move_to, reinstate
from ticketing.models import Showing

SCRIPT = "<script>alert(1)</script>"


def test_looking_at_the_list_and_the_refund_changes_nothing(boss, unpaid):
    before = stored()

    html(boss, LIST)
    html(boss, page_of(unpaid))

    assert stored() == before


def test_the_list_says_who_decides_and_who_has_decided(boss, member, order):
    waiting, approved, refused = (
        asked(order),
        asked(bought(order.event)),
        asked(bought(order.event)),
    )
    decide(member, approved, "approve")
    decide(boss, refused, "reject")

    page = html(boss, LIST)

    assert waiting.order.code in page
    assert f"up to {order.event.organizer}" in page
    assert "by member" in page
    assert "by boss" in page
    assert "800,000 VND" in page
    assert "80 %" in page


def test_refunds_of_other_organizers_are_in_no_list_search_or_filter(stranger, member, personal):
    code, email = personal.order.code, personal.order.email
    queries = [{}, {"q": code}, {"q": email}, {"waiting": "yes"}, {"status": "pending_organizer"}]

    for query in queries:
        assert listed(member, **query) == {personal.pk}
        assert listed(stranger, **query) == set()
    assert code not in html(stranger, LIST)
    assert stranger.get(page_of(personal)).status_code == 302  # sent to the index: no such refund


def test_a_search_finds_the_code_or_the_address_and_nothing_like_it(boss, personal):
    code, email = personal.order.code, personal.order.email

    for words, is_found in ((code, True), (email, True), (code[:5], False), (email[:5], False)):
        found = f"/admin/refunds/refund/{personal.pk}/change/" in html(boss, LIST, {"q": words})
        assert found is is_found


def listed(browser, **query):
    found = re.findall(r"/admin/refunds/refund/(\d+)/change/", html(browser, LIST, query))
    return {int(pk) for pk in found}


def test_what_waits_for_its_reader_is_a_click_away(boss, member, order):
    event = order.event
    for_organizer, refused, in_doubt = asked(order), asked(bought(event)), asked(bought(event))
    rejected(refused, "No.  No.")
    failed(in_doubt)
    own = asked(bought(event, customer=member.user))
    for_platform = asked_after_postponing(bought(event))

    assert listed(member, waiting="yes") == {for_organizer.pk}
    assert listed(boss, waiting="yes") == {
        for_organizer.pk, in_doubt.pk, own.pk, for_platform.pk
    }  # fmt: skip


def test_refunds_are_filtered_by_status_and_reason(boss, order):
    personal, other = asked(order), asked(bought())
    rejected(other, "The hall is booked.")

    assert listed(boss, status__exact="rejected") == {other.pk}
    assert listed(boss, reason__exact="personal") == {personal.pk, other.pk}
    assert listed(boss, reason__exact="fraud") == set()


def test_fifty_refunds_take_as_many_queries_as_two(boss, order, django_assert_max_num_queries):
    for _ in range(50):
        asked(bought(order.event, count=1))

    with django_assert_max_num_queries(12):
        assert len(listed(boss)) == 50


def test_the_page_has_everything_about_a_failure_for_an_admin(boss, unpaid):
    reversal, payment = unpaid.reversal, unpaid.payment

    page = html(boss, page_of(unpaid))

    for fact in (
        "99", "Sorry, try later", payment.txn_ref, payment.provider_transaction_no,
        reversal.request_id, "abc123", "unknown", "sent on",
        page_of(payment), page_of(reversal), page_of(unpaid.order),
    ):  # fmt: skip
        assert fact in page


def test_the_organizer_is_not_shown_what_the_provider_said(member, unpaid):
    page = html(member, page_of(unpaid))

    assert "The platform takes care of it." in page
    assert "abc123" not in page
    assert unpaid.reversal.request_id not in page.replace(str(unpaid.reversal), "")


def test_the_page_shows_places_overrides_and_history(boss, personal, order):
    decide(boss, personal, "override", percentage=90)

    page = html(boss, page_of(personal))

    ticket = order.tickets.first()
    assert f"{ticket.area_name} · {ticket.row_label} · {ticket.seat_number}" in page
    assert ticket.code not in page
    assert "It was our fault." in page
    assert "The customer asked for it." in page
    assert "waiting for the organizer" in page
    assert "80 %: 800,000 VND" in page
    assert "90 %: 900,000 VND" in page


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_explanation_is_an_ordered_list_in_the_readers_language(boss, personal, language):
    with translation.override(language):
        page = boss.get(page_of(personal), headers={"Accept-Language": language}).content.decode()

    told_in = [step["text"][language] for step in personal.explanation]
    [steps] = re.findall(r"<ol[^>]*decimal.*?</ol>", page, re.DOTALL)
    assert re.findall(r"<li>(.*?)</li>", steps) == [text.replace("'", "&#x27;") for text in told_in]


def select(browser, *refunds, **more):
    chosen = {"action": "approve_selected", "_selected_action": [each.pk for each in refunds]}
    return browser.post(LIST, chosen | more, follow=True)


def test_selected_refunds_are_shown_with_their_sum_before_anything_happens(member, order):
    refunds = [asked(order), asked(bought(order.event))]
    before = stored()

    page = told(select(member, *refunds))

    assert "1,600,000 VND goes back in all" in page
    assert all(each.order.code in page for each in refunds)
    assert stored() == before


def test_whoever_approves_is_told_that_somebody_went_in(boss, order):
    """Some may have been in before it was postponed; the order's money is asked back as a whole."""
    check_in(code=order.tickets.first().code, by=boss.user)
    refund = asked_after_postponing(order)
    warning = "Somebody went in with 1 of its tickets."

    assert warning in told(select(boss, refund))
    assert warning in told(boss.get(page_of(refund, "approve")))
    assert "Somebody went in" not in told(select(boss, asked(bought())))

    move_to(order.showing)
    reinstate(order.event)
    run_all()
    assert not order.tickets.filter(used_at__isnull=False).exists()
    assert warning in told(boss.get(page_of(refund, "approve")))


def test_whoever_approves_is_told_what_an_admin_has_kept_before(boss, order):
    """The customer asks once more for what is missing to 90 %."""
    first = asked_after_postponing(order)
    decide(boss, first, "approve")
    decide(boss, first, "override", percentage=60, note="He sells them on.")
    warning = f"Another refund of the order, {first.pk}, was overridden to 60 %: He sells them on."

    again = asked(order, Reason.POSTPONED)

    assert again.amount == 300_000
    assert warning in told(select(boss, again))
    assert warning in told(boss.get(page_of(again, "approve")))
    assert "was overridden" not in told(select(boss, asked(bought())))


def test_selected_refunds_are_approved_each_with_a_word(boss, member, order):
    good, late = asked(order), asked(bought(order.event))
    rejected(late, "The hall is booked.")

    page = told(select(member, good, late, confirmed="yes"))

    assert [status(good), status(late)] == ["approved", "rejected"]
    assert f"{good.order.code}: 800,000 VND approved." in page
    assert f"{late.order.code}: The refund is rejected." in page


def test_selecting_what_is_up_to_others_approves_nothing(member, stranger, postponed):
    before = stored()

    assert "up to the platform" in told(select(member, postponed, confirmed="yes"))
    select(stranger, postponed, confirmed="yes")

    assert stored() == before


def test_the_sum_is_that_of_what_the_reader_decides(member, order):
    theirs, own = asked(order), asked(bought(order.event, customer=member.user))
    platforms = asked_after_postponing(bought(own_event(member)))

    page = told(select(member, theirs, own, platforms))

    assert "800,000 VND goes back in all" in page
    assert "2 of those you selected are left out" in page


def test_what_somebody_else_decided_meanwhile_is_not_passed_over(boss, order):
    """The list is narrowed to what waits: what does not any more is none of its rows."""
    gone = asked(order)
    rejected(gone, "The hall is booked.")
    chosen = {"action": "approve_selected", "_selected_action": [gone.pk], "confirmed": "yes"}

    page = told(boss.post(f"{LIST}?status__exact=pending_organizer", chosen, follow=True))

    assert "1 of those you selected are left out" in page
    assert status(gone) == "rejected"


def test_nothing_is_asked_where_nothing_waits(boss, personal):
    rejected(personal, "The hall is booked.")

    assert "None of these waits for your decision." in told(select(boss, personal))


@pytest.mark.parametrize("who", ["buyer", "client"])
def test_only_staff_selects(who, personal, request):
    before = stored()

    answer = select(request.getfixturevalue(who), personal, confirmed="yes")

    assert "/admin/login/" in answer.redirect_chain[0][0]
    assert stored() == before


def test_what_people_wrote_is_shown_and_never_run(boss, order):
    Order.objects.filter(pk=order.pk).update(email=f'"{SCRIPT}"@example.org')
    refund = failed(asked(reread(order)), provider_message=SCRIPT, provider_answer={"a": SCRIPT})
    other = asked(bought(order.event))
    decide(boss, other, "reject", reason=f"{SCRIPT} no.")

    pages = [
        html(boss, page_of(refund)),
        html(boss, page_of(other)),
        html(boss, page_of(refund, "mark_paid")),
        html(boss, LIST),
        told(decide(boss, refund, "mark_paid", evidence=f"{SCRIPT} no.")),
    ]

    assert all(SCRIPT not in page for page in pages)
    assert "&lt;script&gt;" in pages[0]
    assert "&lt;script&gt;" in pages[1]


def test_whoever_approves_is_told_that_the_night_had_taken_place(boss):
    order = bought()
    Showing.objects.filter(pk=order.showing_id).update(
        ticket_sale_start=from_now(days=-9),
        ticket_sale_end=from_now(days=-2),
        starts_at=from_now(days=-1),
        ends_at=from_now(hours=-1),
    )
    refund = asked_after_postponing(order)
    put_off = asked_after_postponing(bought())
    warning = "Its showing was over before the event was postponed."

    assert warning in told(select(boss, refund))
    assert warning in told(boss.get(page_of(refund, "approve")))
    assert warning not in told(boss.get(page_of(put_off, "approve")))
