"""Support opens a case about a payment; an admin decides it."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django_fsm_log.models import StateLog

from payments.errors import CaseOpenAlready
from payments.models import PaymentCase
from payments.services import report_case, resolve_case
from tests.back_office.world import browser_of, supporter
from tests.factories import paid_order
from tests.ticketing.event_states import new_admin, new_member
from ticketing.errors import NotAllowed
from ticketing.invariants import violations

NOTE = "The customer says that the bank took the money twice."


@pytest.fixture
def payment():
    return paid_order().payments.get()


def test_support_opens_a_case_that_owes_nothing_and_an_admin_decides_it(payment):
    helper, page = supporter(), reverse("admin:payments_payment_report_case", args=[payment.pk])

    answer = browser_of(helper).post(page, {"note": NOTE}, follow=True)

    case = PaymentCase.objects.get()
    assert "The case is open." in answer.content.decode()
    assert (case.kind, case.status, case.amount_owed) == ("reported", "open", 0)
    assert (case.payment, case.order, case.description) == (payment, payment.order, NOTE)
    assert StateLog.objects.for_(case).get().by == helper
    assert not any(violations().values())
    resolved = resolve_case(case_id=case.pk, by=new_admin(), decision="One charge at VNPay.")
    assert resolved.status == "resolved"


def test_a_second_report_waits_for_the_first_to_be_decided(payment):
    first = report_case(payment_id=payment.pk, by=supporter(), note=NOTE)

    with pytest.raises(CaseOpenAlready):
        report_case(payment_id=payment.pk, by=new_admin(), note=NOTE)

    resolve_case(case_id=first.pk, by=new_admin(), decision="It was charged once.")
    assert report_case(payment_id=payment.pk, by=new_admin(), note=NOTE).pk != first.pk


def test_a_note_that_says_nothing_is_asked_again(payment):
    page = reverse("admin:payments_payment_report_case", args=[payment.pk])

    answer = browser_of(supporter()).post(page, {"note": "?"})

    assert "at least 5 characters" in answer.content.decode()
    assert not PaymentCase.objects.exists()


def test_members_and_customers_open_no_case(payment):
    for user in (new_member(payment.order.event), payment.order.customer):
        with pytest.raises(NotAllowed):
            report_case(payment_id=payment.pk, by=user, note=NOTE)

    assert not PaymentCase.objects.exists()
