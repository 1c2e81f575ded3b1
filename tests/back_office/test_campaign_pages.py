"""Campaigns in the admin: tried out, started, watched, stopped, reported; by admins only."""

from __future__ import annotations

import csv
import re

import pytest
from django.urls import reverse
from django_fsm_log.models import StateLog

from orders.models import Order
from refunds.models import CampaignOrder, Refund, RefundReason
from refunds.services import advance_campaign, prepare_campaign
from tests.back_office.refund_rows import (
    asked,
    bought,
    html,
    page_of,
    sent_in_vain,
    status,
    stored,
    told,
)
from tests.factories import placed_order, reread, seats_in_area
from tests.ticketing.event_states import event_in, move

LIST = reverse("admin:refunds_refundcampaign_changelist")
ORDERS = reverse("admin:refunds_campaignorder_changelist")
REFUNDS = reverse("admin:refunds_refund_changelist")
REASON = "The hall burnt down."
STEPS = ["start", "pause", "resume", "retry_listed"]
REFRESH = 'http-equiv="refresh"'


@pytest.fixture
def event():
    return event_in("cancelled", "confirmed", title="Lễ hội biển")


@pytest.fixture
def orders(event):
    """Two paid orders of 1,000,000 VND each."""
    return [bought(event), bought(event)]


def draft_of(event, orders=None):
    return prepare_campaign(
        event_id=event.pk,
        reason=RefundReason.FRAUD,
        by=None,
        order_ids=None if orders is None else [order.pk for order in orders],
    )


@pytest.fixture
def draft(event, orders):
    """All of the event."""
    return draft_of(event)


@pytest.fixture
def stuck(boss, draft):
    """Completed; nobody knows what the provider did about its two orders."""
    decide(boss, draft, "start")
    advance_campaign(campaign_id=draft.pk)
    for entry in draft.orders.order_by("pk"):
        sent_in_vain(entry.refund, provider_message="=1+1 <script>alert(1)</script>")
    advance_campaign(campaign_id=draft.pk)
    return reread(draft)


def decide(browser, campaign, step, reason=REASON):
    return browser.post(page_of(campaign, step), {"reason": reason}, follow=True)


def offered(browser, campaign):
    """The pages that the campaign's page has buttons for."""
    links = rf"/admin/refunds/refundcampaign/{campaign.pk}/([a-z-]+)/"
    found = set(re.findall(links, html(browser, page_of(campaign))))
    return {name.replace("-", "_") for name in found} - {"change", "history"}


def report_of(browser, campaign):
    """The exported file as its rows, by the titles of its columns."""
    answer = browser.get(page_of(campaign, "download_report"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(text[1:].splitlines()))


def test_an_admin_is_offered_what_the_state_allows(boss, draft):
    assert offered(boss, draft) == {"start", "report"}
    decide(boss, draft, "start")
    assert offered(boss, draft) == {"pause", "report"}
    decide(boss, draft, "pause")
    assert offered(boss, draft) == {"resume", "report"}


def test_each_step_is_taken_with_a_reason_that_is_kept(boss, draft):
    for step, end in (("start", "running"), ("pause", "paused"), ("resume", "running")):
        answer = decide(boss, draft, step)

        assert status(draft) == end
        note = StateLog.objects.for_(draft).latest("pk")
        assert (note.by, note.description) == (boss.user, REASON)
        assert REASON in told(answer)


def test_no_draft_is_offered_to_be_started_without_its_ground(boss, draft, event):
    move(event, "clear")

    assert offered(boss, draft) == {"report"}
    assert "Confirm the fraud first." in told(decide(boss, draft, "start"))
    assert status(draft) == "draft"


def test_without_its_ground_a_campaign_is_not_offered_to_go_on(boss, draft, event):
    decide(boss, draft, "start")
    decide(boss, draft, "pause")
    move(event, "clear")

    assert offered(boss, draft) == {"report"}
    assert "It is too late for this" in told(boss.get(page_of(draft, "resume"), follow=True))
    assert "Confirm the fraud first." in told(decide(boss, draft, "resume"))
    assert status(draft) == "paused"


def test_without_its_ground_a_completed_campaign_is_not_offered_to_be_retried(boss, stuck, event):
    assert "retry_listed" in offered(boss, stuck)

    move(event, "clear")

    assert offered(boss, stuck) == {"report"}
    assert "Confirm the fraud first." in told(decide(boss, stuck, "retry_listed"))
    assert (status(stuck), set(states(stuck))) == ("completed", {"listed"})


def test_listed_orders_are_retried(boss, stuck):
    assert "2 listed orders are taken up once more" in html(boss, page_of(stuck, "retry_listed"))

    decide(boss, stuck, "retry_listed")

    assert status(stuck) == "running"
    assert set(stuck.orders.values_list("status", flat=True)) == {"waiting"}


@pytest.fixture
def overridden(boss, stuck):
    """Of its two listed orders, one that an admin has overridden."""
    kept = stuck.orders.order_by("pk").first()
    kept.refund.overrides.create(
        old_percentage=100, new_percentage=60, old_amount=1_000_000, new_amount=600_000,
        actor=boss.user, note="He sold it on.", at=kept.refund.requested_at,
    )  # fmt: skip
    Refund.objects.filter(pk=kept.refund_id).update(percentage_applied=60)
    return kept


def states(campaign):
    return list(campaign.orders.order_by("pk").values_list("status", flat=True))


def test_a_retry_says_how_many_orders_it_leaves_as_they_were_decided(boss, stuck, overridden):
    page = html(boss, page_of(stuck, "retry_listed"))

    assert "1 listed orders are taken up once more" in page
    assert "1 stay as an admin&#x27;s override has them" in page
    decide(boss, stuck, "retry_listed")
    assert states(stuck) == ["listed", "waiting"]


def test_a_retry_of_overridden_orders_only_says_that_they_have_to_be_named(boss, stuck, overridden):
    other = stuck.orders.order_by("pk").last()
    stuck.orders.filter(pk=other.pk).update(status="done", note="")
    before = stored()

    answer = boss.post(page_of(stuck, "retry_listed"), {"reason": REASON}, follow=True)

    assert "name those to be refunded" in told(answer)
    assert "Done" not in told(answer)
    assert stored() == before


def test_a_retry_of_what_is_listed_no_more_says_so(boss, stuck):
    stuck.orders.update(status="done", note="")
    before = stored()

    answer = boss.post(page_of(stuck, "retry_listed"), {"reason": REASON}, follow=True)

    assert "there is nothing to retry" in told(answer)
    assert "Done" not in told(answer)
    assert stored() == before


def test_an_order_that_is_named_is_retried_whatever_was_overridden(boss, stuck, overridden):
    page = page_of(stuck, "retry_listed")
    before = stored()
    answer = boss.post(page, {"reason": REASON, "codes": f"{overridden.order.code} NOBODYS"})
    assert "The campaign does not list them: NOBODYS" in told(answer)
    assert stored() == before

    boss.post(page, {"reason": REASON, "codes": overridden.order.code.lower()})

    assert states(stuck) == ["waiting", "listed"]
    assert (reread(overridden).wanted_at, reread(overridden).note) != (None, "")


def test_the_page_of_a_draft_shows_what_it_would_do(boss, event, orders, draft):
    asked_before, pending = orders[0], placed_order(seats_in_area(1, showing=orders[1].showing))
    Order.objects.filter(pk=asked_before.pk).update(refunded_amount=200_000)
    before = stored()

    page = html(boss, page_of(draft))

    assert pending.event == event
    assert "it takes up 2 paid orders" in page
    assert "Paid by the customers: <strong>2,000,000 VND</strong>" in page
    assert "Gone back: <strong>200,000 VND</strong>" in page
    assert "Not approved yet: <strong>1,800,000 VND</strong>" in page
    assert "1: Some went back before; the rest follows" in page
    assert "1 order may yet be paid" in page
    assert stored() == before


def test_the_draft_of_chosen_orders_counts_these_only(boss, event, orders):
    chosen = draft_of(event, orders[:1])

    page = html(boss, page_of(chosen))

    assert "it takes up 1 paid order." in page
    assert "chosen orders" in page
    assert "1,000,000 VND go back to the customers of 1 orders" in html(
        boss, page_of(chosen, "start")
    )


def test_the_page_names_the_amount_and_looking_at_it_changes_nothing(boss, draft):
    before = stored()

    page = html(boss, page_of(draft, "start"))

    assert "2,000,000 VND go back to the customers of 2 orders" in page
    assert stored() == before


@pytest.mark.parametrize("step", STEPS)
def test_a_step_without_a_reason_is_asked_again(boss, stuck, step):
    before = stored()

    assert "at least 5 characters" in told(decide(boss, stuck, step, reason="ok"))
    assert stored() == before


def test_a_step_that_is_not_open_is_refused_with_a_sentence(boss, draft):
    before = stored()

    for step in ("pause", "resume"):
        assert "The campaign is draft." in told(decide(boss, draft, step))
        shown = boss.get(page_of(draft, step), follow=True)
        assert "It is too late for this" in told(shown)
    assert stored() == before


@pytest.mark.parametrize("step", [*STEPS, "download_report", "change"])
def test_nobody_but_admins_sees_or_moves_a_campaign(member, stranger, buyer, draft, step):
    before = stored()

    for browser in (member, stranger):
        for answer in (browser.get(page_of(draft, step)), decide(browser, draft, step)):
            assert answer.status_code in (403, 404)
            assert "Lễ hội biển" not in told(answer)
    for answer in (buyer.get(page_of(draft, step)), buyer.post(page_of(draft, step))):
        assert "/admin/login/" in answer.headers["Location"]
    assert stored() == before


def test_nobody_but_admins_sees_the_lists(member, draft):
    for page in (LIST, ORDERS):
        assert member.get(page).status_code == 403


def test_a_running_campaign_shows_how_far_it_is_and_refreshes_itself(boss, draft):
    assert REFRESH not in html(boss, page_of(draft))
    decide(boss, draft, "start")
    advance_campaign(campaign_id=draft.pk)
    before = stored()

    page = html(boss, page_of(draft))

    assert REFRESH in page
    assert "0 of 2 refunded, 0 for a person to look at" in page
    assert "money on its way back: 2" in page
    assert "Approved to go back: <strong>2,000,000 VND</strong>" in page
    assert "0 of 2 refunded" in html(boss, LIST)
    assert stored() == before
    decide(boss, draft, "pause")
    assert REFRESH not in html(boss, page_of(draft))


def test_a_completed_campaign_may_be_started_again_once_more_was_paid(boss, stuck, event):
    assert "start" not in offered(boss, stuck)

    bought(event)

    assert "start" in offered(boss, stuck)
    assert "1,000,000 VND go back to the customers of 1 orders" in html(
        boss, page_of(stuck, "start")
    )


def test_a_completed_campaign_keeps_the_figures_of_its_end(boss, stuck):
    Order.objects.update(refunded_amount=100_000, refund_reserved_amount=900_000)

    page = html(boss, page_of(stuck))

    assert stuck.status == "completed"
    assert "Gone back: <strong>0 VND</strong>" in page
    assert "Gone back: <strong>200,000 VND</strong>" in page
    assert "0 of 2 refunded, 2 for a person to look at" in page


def test_the_orders_are_linked_by_their_state(boss, stuck, event):
    bystander = draft_of(event, [bought(event)]).orders.get()
    links = re.findall(rf'href="({ORDERS}\?[^"]+)"', html(boss, page_of(stuck)))

    pages = {link: html(boss, link.replace("&amp;", "&")) for link in links}

    assert len(links) == 4
    [listed] = [page for link, page in pages.items() if "listed" in link]
    for entry in stuck.orders.all():
        assert entry.order.code in listed
        assert f"{REFUNDS}?q={entry.order.code}" in listed
        assert sum(entry.order.code in page for page in pages.values()) == 1
    assert all(bystander.order.code not in page for page in pages.values())
    assert "&lt;script&gt;" in listed
    assert "<script>alert(1)" not in listed


def test_the_list_of_orders_takes_as_many_queries_however_long(
    boss, event, django_assert_max_num_queries
):
    draft_of(event, [bought(event, count=1) for _ in range(30)])

    with django_assert_max_num_queries(12):
        html(boss, ORDERS)
    with django_assert_max_num_queries(12):
        html(boss, LIST)


def test_there_is_no_report_of_what_is_no_campaign(boss):
    for nothing in ("0", "abc"):
        report = reverse("admin:refunds_refundcampaign_download_report", args=[nothing])
        assert boss.get(report).status_code == 404


def test_the_report_has_each_order_and_no_formula(boss, stuck):
    CampaignOrder.objects.filter(pk=stuck.orders.first().pk).update(note="=HYPERLINK(1)")
    before = stored()

    rows = report_of(boss, stuck)

    entries = list(stuck.orders.order_by("pk"))
    assert [row["order"] for row in rows] == [each.order.code for each in entries]
    assert {row["campaign"] for row in rows} == {"listed"}
    assert [row["refund"] for row in rows] == [str(each.refund_id) for each in entries]
    assert rows[0]["refund amount"] == "1000000.00"
    assert rows[0]["note"] == "'=HYPERLINK(1)"
    assert "the provider did not pay it out" in rows[1]["note"]
    assert stored() == before


def test_rows_are_written_by_services_only(boss, draft):
    before = stored()

    assert boss.post(page_of(draft), {"status": "completed"}).status_code == 403
    assert boss.get(page_of(draft, "delete")).status_code == 403
    assert boss.get(reverse("admin:refunds_refundcampaign_add")).status_code == 403
    assert boss.get(reverse("admin:refunds_campaignorder_add")).status_code == 403
    assert stored() == before


def test_a_waiting_request_is_named_in_the_dry_run(boss):
    order = bought()
    asked(order)
    move(order.event, "investigate", "confirm_fraud")

    assert "1: A request waits" in html(boss, page_of(draft_of(order.event)))


def test_orders_that_no_payment_can_give_back_are_named_in_the_dry_run(boss, event, orders):
    orders[0].payments.update(status="failed", paid_at=None)

    assert "1: No payment can give it back" in html(boss, page_of(draft_of(event)))


def test_a_retry_while_the_campaign_runs_is_in_its_log(boss, draft):
    decide(boss, draft, "start")
    advance_campaign(campaign_id=draft.pk)
    sent_in_vain(draft.orders.order_by("pk").first().refund)
    advance_campaign(campaign_id=draft.pk)
    before = StateLog.objects.for_(draft).count()

    decide(boss, draft, "retry_listed", reason="The bank is back.")

    assert status(draft) == "running"
    told_of = StateLog.objects.for_(draft).latest("pk")
    assert StateLog.objects.for_(draft).count() == before + 1
    assert (told_of.transition, told_of.by) == ("retry", boss.user)
    assert told_of.description == "The bank is back."
    assert "The bank is back." in html(boss, page_of(draft))


def test_a_retry_of_nothing_leaves_nothing_in_the_log(boss, draft):
    decide(boss, draft, "start")
    before = stored()

    boss.post(page_of(draft, "retry_listed"), {"reason": REASON})

    assert stored() == before
