"""After a backup was restored: what went back since it was made does not go back again."""

from __future__ import annotations

import pytest
from django.utils import timezone

from payments.models import Payment, PaymentCase, Reversal
from payments.services import advance_reversal, reconcile_payments
from tests.factories import from_now
from tests.payments.reconciled import WEEK, let_time_pass
from tests.payments.reversed import (
    UNCLEAR,
    advance,
    broken_rules,
    calls_at,
    decide,
    facts,
    give_back,
    let_reversals_wait,
    refunds_at,
    status,
)

pytestmark = pytest.mark.owner  # who has restored it, and so forgets what happened since

PARTIAL = ("03", 400_000)


@pytest.fixture
def partial(captured, vnpay):
    """Some of a payment is about to go back; VNPay carries out at once what it accepts."""
    vnpay.set_weather(refund_outcome="done")
    return give_back(captured, 400_000)


@pytest.fixture
def repeated(captured, partial):
    """It went back after the backup was made, which knows nothing of it: somebody asked again."""
    advance_reversal(partial.pk)
    Reversal.objects.all().delete()
    Payment.objects.update(reversed_amount=0)
    return give_back(Payment.objects.get(pk=captured.pk), 400_000)


@pytest.fixture
def restored(settings):
    settings.RESTORED_AT = timezone.now()


def test_what_the_backup_forgot_would_go_back_twice(captured, repeated, vnpay):
    """The danger itself: the other tests show nothing if there is none."""
    advance_reversal(repeated.pk)

    assert refunds_at(vnpay, captured) == [PARTIAL, PARTIAL]


def test_what_went_back_already_is_left_to_a_person(captured, repeated, restored, vnpay):
    assert advance_reversal(repeated.pk) is None

    assert refunds_at(vnpay, captured) == [PARTIAL]
    assert status(repeated) == "created"
    assert facts(repeated) == [UNCLEAR]
    case = PaymentCase.objects.get()
    assert (case.kind, case.payment_id) == ("given_back", captured.pk)
    assert "400,000 VND were or will be" in case.description
    assert broken_rules() == {}


def test_what_the_backup_knew_as_about_to_go_back_is_not_sent_again(
    captured, partial, restored, vnpay
):
    backup = Reversal.objects.filter(pk=partial.pk).values().get()
    advance_reversal(partial.pk)
    Reversal.objects.filter(pk=partial.pk).update(**backup)

    advance_reversal(partial.pk)

    assert calls_at(vnpay, captured) == 1
    assert facts(partial)[-1] == UNCLEAR


def test_what_did_not_go_back_goes_back_once_vnpay_was_asked(captured, partial, restored, vnpay):
    advance_reversal(partial.pk)

    assert calls_at(vnpay, captured, "querydr") == 1
    assert refunds_at(vnpay, captured) == [PARTIAL]
    assert status(partial) == "succeeded"
    assert not PaymentCase.objects.exists()


def test_while_vnpay_is_silent_nothing_goes_back(captured, partial, restored, vnpay):
    vnpay.set_weather(api_down=True)

    again_at = advance_reversal(partial.pk)

    assert again_at is not None
    assert status(partial) == "created"
    vnpay.set_weather(api_down=False)
    advance(partial)
    assert refunds_at(vnpay, captured) == [PARTIAL]


def test_a_payment_made_since_is_not_asked_about(captured, partial, settings, vnpay):
    settings.RESTORED_AT = from_now(days=-1)

    advance_reversal(partial.pk)

    assert calls_at(vnpay, captured, "querydr") == 0
    assert refunds_at(vnpay, captured) == [PARTIAL]


def test_who_looked_before_knows_nothing_of_what_went_back_since(
    captured, repeated, restored, customer, vnpay
):
    advance_reversal(repeated.pk)
    decide(repeated, succeeded=False, by=customer)
    Reversal.objects.update(unclear_at=from_now(days=-1))

    second = give_back(Payment.objects.get(pk=captured.pk), 400_000)
    advance_reversal(second.pk)

    assert status(second) == "created"
    assert refunds_at(vnpay, captured) == [PARTIAL]


def test_a_person_who_has_looked_has_the_last_word(captured, repeated, restored, customer):
    advance_reversal(repeated.pk)
    decide(repeated, succeeded=False, by=customer)

    second = give_back(Payment.objects.get(pk=captured.pk), 400_000)
    advance_reversal(second.pk)

    assert status(second) == "succeeded"


def test_who_has_looked_at_one_refund_has_not_looked_at_another(
    captured, vnpay, settings, customer
):
    vnpay.set_weather(refund_outcome="done")
    for refund in ("refund-1", "refund-2"):
        advance_reversal(give_back(captured, 200_000, requested_by=refund).pk)
    Reversal.objects.all().delete()
    Payment.objects.update(reversed_amount=0)
    settings.RESTORED_AT = timezone.now()
    first = give_back(captured, 200_000, requested_by="refund-1")
    advance_reversal(first.pk)
    decide(first, succeeded=False, by=customer)

    second = give_back(captured, 200_000, requested_by="refund-2")
    advance_reversal(second.pk)

    assert status(second) == "created"
    assert facts(second) == [UNCLEAR]
    assert refunds_at(vnpay, captured) == [("03", 200_000), ("03", 200_000)]


def test_who_was_asked_because_vnpay_was_silent_knows_nothing_of_what_went_back(
    captured, repeated, restored, customer, vnpay
):
    vnpay.set_weather(api_down=True)
    let_reversals_wait(hours=25)
    advance(repeated)
    assert facts(repeated) == [UNCLEAR]
    decide(repeated, succeeded=False, by=customer)
    vnpay.set_weather(api_down=False)

    second = give_back(Payment.objects.get(pk=captured.pk), 400_000)
    advance_reversal(second.pk)

    assert status(second) == "created"
    assert refunds_at(vnpay, captured) == [PARTIAL]


def test_who_was_asked_for_want_of_a_word_has_not_read_the_one_that_came_later(
    captured, repeated, restored, customer, vnpay
):
    vnpay.set_weather(api_down=True)
    let_reversals_wait(hours=25)
    advance(repeated)
    vnpay.set_weather(api_down=False)
    Payment.objects.update(queried_at=None)
    advance(repeated)
    assert status(repeated) == "created"
    decide(repeated, succeeded=False, by=customer)

    second = give_back(Payment.objects.get(pk=captured.pk), 400_000)
    Payment.objects.update(queried_at=None)
    advance_reversal(second.pk)

    assert status(second) == "created"
    assert refunds_at(vnpay, captured) == [PARTIAL]


def test_what_was_compared_before_the_backup_is_compared_again(captured, settings):
    """And once a day from then on: whoever repeats the run comes to its end."""
    assert reconcile_payments().agreed == 1
    assert reconcile_payments().asked == 0

    settings.RESTORED_AT = timezone.now()

    assert reconcile_payments().agreed == 1
    assert reconcile_payments().asked == 0


def test_what_stayed_open_for_long_before_the_backup_is_asked_about_again(expired, vnpay, settings):
    vnpay.decide(expired.txn_ref, "left")
    let_time_pass(WEEK)
    assert reconcile_payments().asked == 1
    assert reconcile_payments().asked == 0

    settings.RESTORED_AT = timezone.now()

    assert reconcile_payments().asked == 1
    assert reconcile_payments().asked == 0
