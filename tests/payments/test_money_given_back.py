"""Money that went back otherwise than we know is a case of its own, whatever else is told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from django_fsm_log.models import StateLog

from payments.locks import lock_payment
from payments.models import Channel, Payment, PaymentCase
from payments.operations.cases import tells_of_refund
from payments.operations.results import Moment, Recorded, apply_result
from payments.providers import Outcome, RefundState, RefundWord, Result
from payments.services import turn_earlier_cases
from tests.factories import paid_order
from tests.payments.reconciled import cases
from tests.payments.reversed import give_back, status

OPEN_CASE = ("given_back", "open")


@pytest.fixture
def payment():
    return paid_order().payments.get()


def hear(payment, outcome, refund=None):
    """The provider is asked about a captured payment, and says this."""
    amount = None if refund else payment.amount
    result = Result(payment.txn_ref, outcome, amount, code="00", refund=refund)
    moment = Moment(timezone.now(), Channel.QUERY, was_captured=True)
    with transaction.atomic():
        return apply_result(lock_payment(payment), result, moment)


def hear_of_refund(payment, number, state=RefundState.DONE):
    return hear(payment, Outcome.PAID, RefundWord(state, Decimal(400_000), number))


def rejected_reversal(payment):
    """One of ours that the provider refused, as far as we know."""
    reversal = give_back(payment, 400_000)
    reversal.send(by=None, at=timezone.now(), reason="The test sends it.", request={})
    reversal.reject(by=None, at=timezone.now(), reason="Refused.")
    reversal.provider_transaction_no = "55"
    reversal.save()
    Payment.objects.update(reversed_amount=0)
    return reversal


def told_of():
    """The numbers under which money went back, of the cases that are open."""
    opened = PaymentCase.objects.open().filter(kind="given_back").order_by("pk")
    return [reference.partition("/")[2] for reference in opened.values_list("txn_ref", flat=True)]


def test_it_is_told_beside_a_contradiction_that_is_open(payment):
    assert hear(payment, Outcome.FAILED) is Recorded.CONTRADICTED

    assert hear_of_refund(payment, "77") is Recorded.CONTRADICTED

    assert cases() == [("contradicted", "open"), OPEN_CASE]
    assert told_of() == ["77"]


def test_word_that_it_was_paid_ends_the_contradiction_and_not_this(payment):
    hear(payment, Outcome.FAILED)
    hear_of_refund(payment, "77")

    assert hear(payment, Outcome.PAID) is Recorded.REPEATED

    assert cases() == [("contradicted", "resolved"), OPEN_CASE]


def test_each_refund_by_others_is_told(payment):
    for number in ("77", "78", "77"):
        hear_of_refund(payment, number)

    assert cases() == [OPEN_CASE, OPEN_CASE]
    assert told_of() == ["77", "78"]


def test_a_refund_that_the_provider_rejects_after_all_ends_its_own_case_and_no_other(payment):
    hear_of_refund(payment, "77")
    hear_of_refund(payment, "78", RefundState.UNDER_WAY)

    hear_of_refund(payment, "78", RefundState.REJECTED)

    assert cases() == [OPEN_CASE, ("given_back", "resolved")]
    assert told_of() == ["77"]


def test_a_contradicted_reversal_of_ours_and_a_refund_by_others_are_two_cases(payment):
    reversal = rejected_reversal(payment)

    hear_of_refund(payment, "55")
    hear_of_refund(payment, "77")
    hear(payment, Outcome.PAID)

    assert cases() == [OPEN_CASE, OPEN_CASE]
    assert told_of() == [reversal.request_id, "77"]
    assert status(reversal) == "rejected"


def earlier_cases_about(payment, *numbers):
    """As the version before opened them, and the migration has filed them since."""
    for number in numbers:
        hear_of_refund(payment, number)
    PaymentCase.objects.update(kind="contradicted")


def test_cases_of_the_version_before_are_turned(payment):
    earlier_cases_about(payment, "77", "78")
    hear(payment, Outcome.FAILED)

    for _ in range(2):
        turn_earlier_cases()

    assert cases() == [("contradicted", "open"), OPEN_CASE, OPEN_CASE]
    assert told_of() == ["77", "78"]


def test_what_the_version_before_opens_until_it_serves_no_more_is_filed_and_turned(payment):
    hear_of_refund(payment, "77")
    PaymentCase.objects.update(kind="contradicted", txn_ref=payment.txn_ref)

    turn_earlier_cases()

    assert cases() == [OPEN_CASE]
    assert told_of() == ["77"]
    assert tells_of_refund(payment, "77")


def told_again(payment):
    """By the version before, which knows no case that is filed under a refund's number."""
    [first] = PaymentCase.objects.all()
    same = {name: getattr(first, name) for name in ("provider", "amount", "description", "order")}
    return PaymentCase.objects.create(
        kind="contradicted", payment=payment, txn_ref=payment.txn_ref, opened_at=timezone.now(),
        **same,
    )  # fmt: skip


def is_merged_into(case, other):
    """Whether it is closed for the other one, and its log says so."""
    case.refresh_from_db(fields=["decision", "decided_by", "kind", "txn_ref"])
    logged = StateLog.objects.for_(case).get(transition="resolve").description
    assert case.decision == logged == f"Case {other.pk} tells of the same refund."
    assert (case.kind, case.txn_ref, case.decided_by) == ("given_back", other.txn_ref, None)
    return True


def test_one_that_was_opened_anew_meanwhile_takes_the_place_of_the_earlier_one(payment):
    earlier_cases_about(payment, "77")
    [earlier] = PaymentCase.objects.all()
    hear_of_refund(payment, "77")
    [anew] = PaymentCase.objects.filter(kind="given_back")

    assert turn_earlier_cases() == 1

    assert cases() == [OPEN_CASE, ("given_back", "resolved")]
    assert told_of() == ["77"]
    assert is_merged_into(earlier, anew)


@pytest.mark.parametrize("anew", [True, False])
def test_one_that_the_version_before_opens_again_meanwhile_is_closed_for_the_one_there_was(
    payment, anew
):
    earlier_cases_about(payment, "77")
    [first] = PaymentCase.objects.all()
    again = told_again(payment)
    if anew:
        hear_of_refund(payment, "77")

    turn_earlier_cases()

    assert told_of() == ["77"]
    stays = PaymentCase.objects.open().get()
    assert (stays == first) is not anew
    assert is_merged_into(again, stays)
    assert not anew or is_merged_into(first, stays)


def test_until_they_are_turned_word_of_the_payment_ends_none_of_them(payment):
    earlier_cases_about(payment, "77")

    hear(payment, Outcome.PAID)

    assert cases() == [("contradicted", "open")]
    assert tells_of_refund(payment, "77")
