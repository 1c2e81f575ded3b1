"""What the desk of refunds refuses, to whom, and that nothing has changed by it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from refunds.services import approve_refund, pay_back
from tests.back_office.refund_rows import (
    SETTLING,
    STEPS,
    asked,
    bought,
    decide,
    failed,
    offered,
    page_of,
    stored,
    told,
)
from tests.ticketing.event_states import new_admin


@pytest.mark.parametrize("percentage", ["", "50", "101", "-1", "60.0", "all"])
def test_no_other_percentage_is_taken(boss, personal, percentage):
    before = stored()

    answer = decide(boss, personal, "override", percentage=percentage)

    assert "errorlist" in told(answer)
    assert stored() == before


@pytest.mark.parametrize(
    ("step", "name"),
    [(step, name) for step, given in STEPS.items() for name in given if name != "percentage"],
)
@pytest.mark.parametrize("words", ["", "    ", "no"])
def test_what_is_not_explained_is_asked_again(boss, order, step, name, words):
    refund = asked(order)
    if step in SETTLING:
        failed(refund)
    before = stored()

    answer = decide(boss, refund, step, **{name: words})

    assert "errorlist" in told(answer)
    assert stored() == before


@pytest.mark.parametrize("step", ["override", *SETTLING])
def test_the_organizer_does_nothing_that_is_for_admins(member, order, step):
    refund = asked(order)
    if step in SETTLING:
        failed(refund)
    before = stored()

    assert member.get(page_of(refund, step)).status_code == 403
    assert decide(member, refund, step).status_code == 403
    assert stored() == before


@pytest.mark.parametrize("step", ["approve", "reject"])
def test_the_organizer_does_not_decide_for_the_platform(member, postponed, step):
    before = stored()

    assert member.get(page_of(postponed, step)).status_code == 403
    assert decide(member, postponed, step).status_code == 403
    assert stored() == before


@pytest.mark.parametrize("step", STEPS)
def test_the_refunds_of_other_organizers_do_not_exist(stranger, personal, step):
    before = stored()

    assert stranger.get(page_of(personal, step)).status_code == 404
    assert decide(stranger, personal, step).status_code == 404
    assert stored() == before


@pytest.mark.parametrize("step", STEPS)
def test_customers_and_visitors_are_sent_to_the_login(buyer, client, personal, step):
    before = stored()

    for browser in (buyer, client):
        for answer in (
            browser.get(page_of(personal, step)),
            browser.post(page_of(personal, step), STEPS[step]),
        ):
            assert answer.status_code == 302
            assert "/admin/login/" in answer.headers["Location"]
    assert stored() == before


@pytest.mark.parametrize("step", STEPS)
def test_staff_without_a_role_decides_nothing(member, personal, step):
    member.user.user_permissions.clear()
    member.user.organizers.clear()
    before = stored()

    assert member.get(page_of(personal, step)).status_code == 404
    assert decide(member, personal, step).status_code == 404
    assert stored() == before


def test_nobody_decides_about_an_own_refund(member, boss, order):
    for browser in (member, boss):
        own = bought(order.event, customer=browser.user)
        refund = asked(own)
        before = stored()

        assert offered(browser, refund) == set()
        for step in ("approve", "reject", "override"):
            assert decide(browser, refund, step).status_code == 403
        assert stored() == before


@pytest.mark.parametrize("step", ["approve", "reject", "override"])
def test_who_comes_too_late_is_told_so(boss, personal, step):
    approve_refund(refund_id=personal.pk, by=new_admin())
    pay_back(refund_id=personal.pk)
    before = stored()

    answer = decide(boss, personal, step)

    assert "The refund is money on its way back" in told(answer)
    shown = boss.get(page_of(personal, step), follow=True)
    assert "It is too late for this" in told(shown)
    assert stored() == before


@pytest.mark.parametrize("step", SETTLING)
def test_only_what_the_provider_did_not_do_is_settled(boss, personal, step):
    before = stored()

    answer = decide(boss, personal, step)

    assert "The refund is waiting for the organizer." in told(answer)
    assert stored() == before


def test_an_address_that_is_no_number_does_not_exist(boss):
    assert boss.get("/admin/refunds/refund/none/approve/").status_code == 404


def test_rows_are_written_by_services_only(boss, personal):
    before = stored()

    assert boss.post(page_of(personal), {"status": "approved"}).status_code == 403
    assert boss.get(page_of(personal, "delete")).status_code == 403
    assert boss.get(reverse("admin:refunds_refund_add")).status_code == 403
    assert stored() == before


def test_an_amount_that_no_page_has_shown_is_refused_before_it_is_written_out(member, personal):
    before = stored()

    answer = decide(member, personal, "approve", shown_amount="1E+20000000")

    assert len(answer.content) < 1_000_000
    assert stored() == before
