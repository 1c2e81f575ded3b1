"""A payment case says what happened, what is owed, and what to do next."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import translation

from payments.models import CaseKind, PaymentCase
from payments.operations.advice import next_step
from tests.back_office.refund_rows import html
from tests.back_office.world import browser_of, supporter
from tests.factories import from_now, paid_order
from tests.payments.reversed import give_back

LIST = reverse("admin:payments_paymentcase_changelist")


@pytest.fixture
def order():
    return paid_order()


def case_of(paid, kind=CaseKind.LATE, **fields):
    payment = paid.payments.get()
    facts = {
        "payment": payment, "order": paid, "provider": "vnpay", "amount": payment.amount,
        "txn_ref": payment.txn_ref, "amount_owed": 0, "description": "The money came late.",
        "opened_at": from_now(),
    }  # fmt: skip
    return PaymentCase.objects.create(kind=kind, **facts | fields)


def page_of(case):
    return reverse("admin:payments_paymentcase_change", args=[case.pk])


@pytest.mark.parametrize("kind", CaseKind.values)
def test_every_kind_of_case_has_a_next_step_in_both_languages(order, kind):
    case = case_of(order, kind)

    told = next_step(case)
    with translation.override("vi"):
        translated = next_step(case)

    assert told
    assert translated != told


def test_whoever_decides_about_a_contradiction_is_told_what_that_does_not_do(order):
    """Nobody can settle an order by hand: tickets go only with a refund."""
    told = next_step(case_of(order, CaseKind.CONTRADICTED))

    assert "that changes neither the order nor its tickets" in told
    assert "the case closes by itself" in told
    assert "by hand" not in told


def test_the_pages_bear_a_kind_of_case_that_only_the_next_version_knows(order):
    """It may be at work already while this one still shows pages."""
    case = case_of(order)
    case.kind = "of_next_year"

    assert "once the update is through" in next_step(case)


def test_a_case_about_a_refund_is_found_by_the_reference_of_its_payment(boss, order):
    reference = order.payments.get().txn_ref
    case = case_of(order, CaseKind.GIVEN_BACK, txn_ref=f"{reference}/77")

    for wanted in (reference, f"{reference}/77", order.code):
        assert page_of(case) in html(boss, LIST, {"q": wanted})


def test_a_case_tells_what_happened_what_is_owed_and_what_to_do(boss, order):
    case = case_of(order, amount_owed=1_000_000)

    for page in (html(boss, LIST), html(boss, page_of(case))):
        assert "1,000,000 VND" in page
        assert "the money goes back by itself" in page
        assert "once that is given up" in page
    assert "The money came late." in html(boss, page_of(case))


def test_nothing_is_to_be_done_about_a_case_that_is_resolved(boss, order):
    case = case_of(order)
    case.resolve(by=boss.user, at=from_now(), reason="Paid back by hand.")
    case.save()

    assert "Nothing. It is decided." in html(boss, page_of(case))


def test_whoever_resolves_a_case_reads_what_about_and_what_is_owed(boss, order):
    case = case_of(order, amount_owed=1_000_000)

    page = html(boss, reverse("admin:payments_paymentcase_resolve", args=[case.pk]))

    assert f">Resolve with this decision: {case}</h1>" in page
    assert "1,000,000 VND" in page


def test_whoever_decides_after_somebody_else_reads_that_decision_and_keeps_the_text(boss, order):
    """They may have paid by hand what went back by itself meanwhile."""
    case = case_of(order)
    case.resolve(by=None, at=from_now(), reason="The money is back.")
    case.save()
    page = reverse("admin:payments_paymentcase_resolve", args=[case.pk])

    answer = boss.post(page, {"decision": "Transferred by hand, FT4711."}).content.decode()

    assert "“The money is back.”" in answer
    assert "Transferred by hand, FT4711.</textarea>" in answer
    case.refresh_from_db()
    assert (case.decision, case.decided_by) == ("The money is back.", None)


def test_a_decision_that_is_sent_again_is_no_other_one(boss, order):
    page = reverse("admin:payments_paymentcase_resolve", args=[case_of(order).pk])
    decision = {"decision": "Paid back by hand."}

    answers = [boss.post(page, decision, follow=True).content.decode() for _ in range(2)]

    assert all("The case is resolved." in answer for answer in answers)


def test_support_reads_who_has_decided_without_a_link_that_refuses_it(boss, order):
    case = case_of(order)
    case.resolve(by=boss.user, at=from_now(), reason="Paid back by hand.")
    case.save()

    page = html(browser_of(supporter()), page_of(case))

    assert boss.user.get_username() in page
    assert reverse("admin:auth_user_change", args=[boss.user.pk]) not in page


def test_a_case_leads_to_its_order_payment_reversals_and_timeline(boss, order):
    reversal = give_back(order.payments.get(), 400_000)

    page = html(boss, page_of(case_of(order)))

    for row, name in (
        (order, "orders_order_change"),
        (order, "orders_order_timeline"),
        (order.payments.get(), "payments_payment_change"),
        (reversal, "payments_reversal_change"),
    ):
        assert reverse(f"admin:{name}", args=[row.pk]) in page


def test_a_case_of_no_order_opens_too(boss, order):
    nobodys = case_of(order, CaseKind.UNKNOWN_REFERENCE, order=None, payment=None)

    assert "find out whose money it is" in html(boss, page_of(nobodys))
    assert "find out whose money it is" in html(boss, LIST)


@pytest.mark.parametrize(
    ("older", "ages"), [("1", {"3", "8"}), ("7", {"8"}), ("x", {"0", "3", "8"})]
)
def test_cases_are_found_by_their_age(boss, order, older, ages):
    made = {
        str(age): case_of(order, kind, opened_at=from_now(days=-age))
        for age, kind in ((0, CaseKind.LATE), (3, CaseKind.ORPHANED), (8, CaseKind.REPORTED))
    }

    page = html(boss, LIST, {"older": older})

    assert {age for age, case in made.items() if page_of(case) in page} == ages


def test_the_list_takes_as_many_queries_however_long(boss, django_assert_max_num_queries):
    for _ in range(20):
        case_of(paid_order())

    with django_assert_max_num_queries(9):
        html(boss, LIST)
