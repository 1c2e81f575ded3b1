from __future__ import annotations

import json
import logging
from urllib.parse import urlencode

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from jobs.models import Job
from orders.models import SeatHold, Ticket
from orders.operations import end_unpaid
from payments.models import PaymentCase, ProviderMessage
from payments.services import resolve_case
from tests.factories import PaymentFactory, from_now, overdue_order
from tests.payments.vnpay_calls import (
    IPN,
    RETURN,
    callback_fields,
    failure,
    signed,
    signed_with_percent_20,
    success,
    suspicion,
)
from ticketing.invariants import violations


@pytest.fixture
def payment():
    return PaymentFactory()


def assert_untouched(payment):
    payment = type(payment).objects.get(pk=payment.pk)
    assert payment.status == "pending"
    assert payment.order.status == "pending_payment"
    assert not Ticket.objects.exists()
    assert set(payment.order.holds.values_list("status", "seat__status")) == {("active", "held")}


def statuses(payment):
    payment = type(payment).objects.get(pk=payment.pk)
    return payment.status, payment.order.status


def test_the_acceptance_sequence_of_vnpay(payment, call_ipn):
    other = PaymentFactory()

    assert call_ipn(success(payment)[:-1] + "x") == "97"
    assert call_ipn(success(payment, TxnRef="nobody0knows0this")) == "01"
    assert call_ipn(success(payment, Amount="100")) == "04"
    assert_untouched(payment)
    assert call_ipn(failure(other)) == "00"
    assert call_ipn(success(payment)) == "00"
    assert call_ipn(success(payment)) == "02"

    assert statuses(payment) == ("captured", "paid")
    assert statuses(other) == ("failed", "pending_payment")
    assert payment.order.tickets.count() == 2
    assert not any(violations().values())


def test_a_paid_order_has_sold_seats_tickets_and_a_mail_to_come(payment, call_ipn):
    call_ipn(success(payment))

    order = type(payment.order).objects.get(pk=payment.order.pk)
    assert order.paid_at is not None
    assert set(order.holds.values_list("status", "seat__status")) == {("confirmed", "sold")}
    ticket = order.tickets.first()
    assert ticket.event_title == order.event.title
    assert ticket.price == ticket.seat.area.price
    assert Job.objects.filter(topic="orders.paid", payload={"order_id": order.pk}).count() == 1


@pytest.mark.parametrize("write", [signed, signed_with_percent_20])
def test_both_ways_to_write_a_space_are_understood(payment, call_ipn, write):
    assert call_ipn(write(callback_fields(payment))) == "00"

    assert statuses(payment) == ("captured", "paid")


def test_fields_that_vnpay_adds_one_day_are_signed_along(payment, call_ipn):
    assert call_ipn(success(payment, TokenOfTomorrow="a b")) == "00"

    assert statuses(payment) == ("captured", "paid")


def test_parameters_of_others_are_ignored(payment, call_ipn):
    assert call_ipn("utm_source=mail&" + success(payment) + "&fbclid=1") == "00"

    assert statuses(payment) == ("captured", "paid")


@pytest.mark.parametrize(
    "tamper",
    [
        lambda query: query.replace("vnp_Amount=100000000", "vnp_Amount=100"),
        lambda query: query.replace("vnp_ResponseCode=00", "vnp_ResponseCode=24"),
        lambda query: query + "&vnp_Extra=1",
        lambda query: query + "&vnp_Amount=100000000",
        lambda query: query.split("&vnp_SecureHash")[0],
        lambda query: query.split("vnp_SecureHash=")[0] + "vnp_SecureHash=",
        lambda query: query.split("vnp_SecureHash=")[0] + "vnp_SecureHash=" + "0" * 128,
    ],
)
def test_a_changed_call_is_not_believed_and_changes_nothing(payment, call_ipn, tamper):
    assert call_ipn(tamper(success(payment))) == "97"

    assert_untouched(payment)


def test_another_terminals_call_is_not_believed(payment, call_ipn):
    assert call_ipn(success(payment, TmnCode="OTHERTMN")) == "97"

    assert_untouched(payment)


def test_a_pay_link_can_not_be_turned_into_a_failure(payment, call_ipn):
    """Empty values are outside the signature, so they must not count as said by VNPay."""
    link = signed(
        {
            "vnp_Command": "pay",
            **callback_fields(payment, ResponseCode=None, TransactionStatus=None),
        }
    )

    assert call_ipn(link + "&vnp_ResponseCode=&vnp_TransactionStatus=") == "99"

    assert_untouched(payment)


def test_nobody_fills_the_log_with_one_call(payment, call_ipn):
    forged = {f"vnp_Note{number}": "x" * 10_000 for number in range(100)}

    assert call_ipn(f"{success(payment)}&{urlencode(forged)}") == "97"

    message = ProviderMessage.objects.get()
    assert message.txn_ref == payment.txn_ref
    assert message.body["vnp_OrderInfo"] == f"Thanh toan don hang {payment.order.code}"
    assert len(json.dumps(message.body)) < 20_000
    assert_untouched(payment)


def test_nobody_fills_the_log_with_what_is_added_to_a_signed_call(payment, call_ipn):
    added = {f"x{number}": "x" * 300 for number in range(50)} | {f"vnp_{'y' * 290}": ""}

    assert call_ipn(f"{urlencode(added)}&{success(payment)}") == "00"

    message = ProviderMessage.objects.get(channel="ipn")
    assert message.is_believed
    assert message.body.keys() == callback_fields(payment).keys() | {"vnp_SecureHash"}


def test_a_forged_call_is_answered_as_ever_while_the_cache_is_away(payment, client, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }

    forged = client.get(f"{IPN}?{success(payment)}&vnp_Note=x", REMOTE_ADDR="203.113.128.7")

    assert forged.json()["RspCode"] == "97"
    assert not ProviderMessage.objects.exists()
    assert_untouched(payment)


def test_nobody_fills_the_log_with_many_calls_and_what_is_signed_is_always_kept(
    payment, client, settings, caplog
):
    settings.ADDRESS_CHANGES_PER_MINUTE = 2

    def call(query, address="203.113.128.7"):
        return client.get(f"{IPN}?{query}", REMOTE_ADDR=address).json()["RspCode"]

    forged = f"{success(payment)}&vnp_Note=forged"

    assert [call(forged) for _ in range(4)] == ["97"] * 4
    assert [call("foo=bar"), call(forged, "203.113.128.8")] == ["99", "97"]
    assert ProviderMessage.objects.filter(is_believed=False).count() == 3
    assert ProviderMessage.objects.count() == 3
    assert [each.message for each in caplog.records].count(
        "No more unbelieved calls from 203.113.128.7 are kept in this minute."
    ) == 1

    assert [call(success(payment)) for _ in range(2)] == ["00", "02"]
    assert ProviderMessage.objects.filter(is_believed=True).count() == 2


def test_a_nul_character_does_not_keep_a_call_out_of_the_log(payment, call_ipn):
    assert call_ipn("vnp_TxnRef=a%00b&vnp_x%00=1") == "97"

    message = ProviderMessage.objects.get()
    assert message.body == {"vnp_TxnRef": "a\ufffdb", "vnp_x\ufffd": "1"}


@pytest.mark.parametrize(
    "query",
    ["", "foo=bar", "vnp_SecureHash=" + "0" * 128],
)
def test_a_call_without_vnpay_parameters_is_unusable(payment, call_ipn, query):
    assert call_ipn(query) == "99"

    assert_untouched(payment)


def test_a_signed_call_with_a_broken_amount_is_unusable(payment, call_ipn):
    assert call_ipn(success(payment, Amount="ten")) == "99"

    assert_untouched(payment)


@pytest.mark.parametrize("method", ["post", "head", "put", "delete"])
@pytest.mark.parametrize("address", [IPN, RETURN])
def test_only_get_is_taken(payment, address, method):
    stranger = Client(enforce_csrf_checks=True)

    answer = getattr(stranger, method)(f"{address}?{success(payment)}")

    assert answer.status_code == 405
    assert_untouched(payment)


STATE_TABLE = [
    # what VNPay said before, what it says now, the answer, and where payment and order end
    ([], success, "00", ("captured", "paid")),
    ([], suspicion, "00", ("review", "pending_payment")),
    ([], failure, "00", ("failed", "pending_payment")),
    ([success], success, "02", ("captured", "paid")),
    ([success], failure, "02", ("captured", "paid")),
    ([failure], failure, "02", ("failed", "pending_payment")),
    ([failure], success, "00", ("captured", "paid")),
    ([suspicion], success, "00", ("captured", "paid")),
    ([suspicion], failure, "00", ("failed", "pending_payment")),
    ([suspicion], suspicion, "02", ("review", "pending_payment")),
]


@pytest.mark.parametrize(("before", "now", "answer", "end"), STATE_TABLE)
def test_the_state_table(payment, call_ipn, before, now, answer, end):
    for said in before:
        call_ipn(said(payment))

    assert call_ipn(now(payment)) == answer

    assert statuses(payment) == end
    assert not any(violations().values())


def test_a_success_that_is_not_final_yet_leaves_the_payment_open(payment, call_ipn):
    assert call_ipn(success(payment, TransactionStatus="01")) == "00"

    assert_untouched(payment)


def test_a_debit_that_vnpay_has_not_settled_is_reviewed(payment, call_ipn):
    assert call_ipn(success(payment, TransactionStatus="04")) == "00"

    assert statuses(payment) == ("review", "pending_payment")


def test_suspected_fraud_is_a_case_until_vnpay_decides(payment, call_ipn):
    call_ipn(suspicion(payment))
    [case] = PaymentCase.objects.all()
    assert (case.kind, case.status) == ("suspected_fraud", "open")
    assert not Ticket.objects.exists()

    call_ipn(success(payment))

    assert PaymentCase.objects.get().status == "resolved"
    assert payment.order.tickets.count() == 2


def test_a_wrong_amount_is_a_case_once(payment, call_ipn):
    for _ in range(3):
        assert call_ipn(success(payment, Amount="500000")) == "04"

    [case] = PaymentCase.objects.all()
    assert case.kind == "amount_mismatch"
    assert case.description.endswith("; ask the provider, then give the money back there.")
    assert (case.amount, case.amount_owed) == (5_000, 5_000)
    assert case.order == payment.order


def test_an_unknown_reference_is_a_case_of_the_order_its_text_names(payment, call_ipn):
    for _ in range(2):
        assert call_ipn(success(payment, TxnRef="L0ST")) == "01"

    [case] = PaymentCase.objects.all()
    assert case.kind == "unknown_reference"
    assert case.order == payment.order
    assert case.amount_owed == payment.amount
    assert_untouched(payment)


@pytest.mark.parametrize("changes", [{"Amount": "500000"}, {"TxnRef": "L0ST"}])
def test_what_was_decided_about_suspected_money_does_not_hold_once_it_is_paid(
    payment, call_ipn, admin_user, changes
):
    call_ipn(suspicion(payment, **changes))
    suspected = PaymentCase.objects.get()
    assert "suspects fraud" in suspected.description
    resolve_case(case_id=suspected.pk, by=admin_user, decision="VNPay has not decided.")
    call_ipn(suspicion(payment, **changes))
    assert PaymentCase.objects.get().status == "resolved"

    for _ in range(2):
        call_ipn(success(payment, **changes))

    paid = PaymentCase.objects.get(status="open")
    assert (paid.kind, paid.amount_owed) == (suspected.kind, suspected.amount)
    assert PaymentCase.objects.count() == 2


def test_an_unknown_reference_that_failed_is_no_case(payment, call_ipn):
    assert call_ipn(failure(payment, TxnRef="L0ST")) == "01"

    assert not PaymentCase.objects.exists()


def test_a_second_charge_on_one_reference_is_owed_back(payment, call_ipn):
    call_ipn(success(payment))

    assert call_ipn(success(payment, TransactionNo="99")) == "02"

    [case] = PaymentCase.objects.all()
    assert case.kind == "duplicate"
    assert case.amount_owed == payment.amount
    assert payment.order.tickets.count() == 2


def test_a_second_charge_of_another_amount_is_owed_back(payment, call_ipn):
    call_ipn(success(payment))

    assert call_ipn(success(payment, TransactionNo="99", Amount="500000")) == "04"

    [case] = PaymentCase.objects.all()
    assert (case.kind, case.amount, case.amount_owed) == ("duplicate", 5_000, 5_000)
    assert payment.order.tickets.count() == 2


def test_a_second_charge_that_is_suspected_is_not_owed_before_it_is_paid(payment, call_ipn):
    call_ipn(success(payment))

    assert call_ipn(suspicion(payment, TransactionNo="99", Amount="500000")) == "04"

    [case] = PaymentCase.objects.all()
    assert (case.kind, case.amount, case.amount_owed) == ("amount_mismatch", 5_000, 0)
    assert call_ipn(success(payment, TransactionNo="99", Amount="500000")) == "04"
    assert PaymentCase.objects.get(kind="duplicate").amount_owed == 5_000


@pytest.mark.parametrize(("minor_units", "owed"), [("100100000", 1_000), ("99900000", 0)])
def test_another_amount_of_captured_money_owes_only_what_is_above(
    payment, call_ipn, minor_units, owed
):
    call_ipn(success(payment))

    assert call_ipn(success(payment, Amount=minor_units)) == "04"

    [case] = PaymentCase.objects.all()
    assert (case.kind, case.amount_owed) == ("amount_mismatch", owed)
    assert "No ticket was issued" not in case.description
    assert payment.order.tickets.count() == 2


def test_a_second_attempt_that_is_paid_too_is_owed_back(payment, call_ipn):
    second = PaymentFactory(order=payment.order)
    call_ipn(success(payment))

    assert call_ipn(success(second, TransactionNo="99")) == "00"

    [case] = PaymentCase.objects.all()
    assert (case.kind, case.payment, case.amount_owed) == ("duplicate", second, second.amount)
    assert payment.order.tickets.count() == 2
    assert not any(violations().values())


def test_money_after_the_deadline_waits_for_the_settle_job(call_ipn):
    payment = PaymentFactory(order=overdue_order())

    assert call_ipn(success(payment)) == "00"

    assert statuses(payment) == ("captured", "pending_payment")
    due = Job.objects.filter(topic="orders.expiry_due", payload={"order_id": payment.order.pk})
    assert due.filter(run_at__lte=from_now()).exists()
    assert not any(violations().values())


def test_money_after_the_end_of_a_single_hold_waits_for_the_settle_job(payment, call_ipn):
    late = payment.order.holds.order_by("pk")[:1]
    SeatHold.objects.filter(pk__in=late).update(expires_at=from_now(seconds=-1))

    assert call_ipn(success(payment)) == "00"

    assert statuses(payment) == ("captured", "pending_payment")
    assert not Ticket.objects.exists()
    due = Job.objects.filter(topic="orders.expiry_due", payload={"order_id": payment.order.pk})
    assert due.filter(run_at__lte=from_now()).exists()
    assert not any(violations().values())


@pytest.mark.parametrize("end", ["cancel", "expire", "fail"])
def test_money_for_an_order_that_has_ended_is_late_and_owed_back(payment, call_ipn, end):
    order = payment.order
    getattr(order, end)(by=None, at=from_now(), reason="The test ends it.")
    end_unpaid([order], at=from_now())

    assert call_ipn(success(payment)) == "00"
    assert call_ipn(success(payment)) == "02"

    [case] = PaymentCase.objects.all()
    assert (case.kind, case.amount_owed) == ("late", payment.amount)
    assert not Ticket.objects.exists()
    assert not any(violations().values())


def test_every_call_is_kept_without_hash_and_card_data(payment, call_ipn):
    call_ipn(success(payment))
    call_ipn(success(payment)[:-1] + "x")

    first, second = ProviderMessage.objects.filter(channel="ipn")
    assert first.body["vnp_TxnRef"] == payment.txn_ref
    for message in (first, second):
        assert message.body["vnp_SecureHash"] == "[removed]"
        assert message.body["vnp_BankTranNo"] == "[removed]"
    assert (first.is_believed, second.is_believed) == (True, False)


def test_a_signed_call_that_says_nothing_we_know_is_not_called_a_forgery(payment, call_ipn):
    assert call_ipn(success(payment, Amount="ten")) == "99"

    assert ProviderMessage.objects.get(channel="ipn").is_believed is None


@pytest.mark.parametrize(
    ("address", "kept_as"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:51234", None),
        ("unknown", None),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
    ],
)
def test_the_address_of_a_call_is_kept_and_what_is_none_keeps_no_money_out(
    payment, client, address, kept_as
):
    for path in (IPN, RETURN):
        answer = client.get(f"{path}?{success(payment)}", REMOTE_ADDR=address)
        assert answer.status_code == 200

    assert statuses(payment) == ("captured", "paid")
    kept = ProviderMessage.objects.filter(channel__in=["ipn", "return"])
    assert kept.count() == 2
    assert set(kept.values_list("remote_address", flat=True)) == {kept_as}


@pytest.mark.owner
def test_a_kept_call_can_be_neither_changed_nor_deleted(payment, call_ipn):
    call_ipn(success(payment))

    for forbidden in (
        "UPDATE payments_providermessage SET body = '{}'",
        "DELETE FROM payments_providermessage",
    ):
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(forbidden)

    assert ProviderMessage.objects.count() == 1


@pytest.mark.owner
def test_a_database_that_refuses_makes_vnpay_call_again(payment, client, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_ticket ADD CONSTRAINT closed CHECK (false) NOT VALID")

    with caplog.at_level(logging.ERROR):
        answer = client.get(f"{IPN}?{success(payment)}")

    assert answer.json() == {"RspCode": "99", "Message": "Unknown error"}
    assert "VNPay will call again" in caplog.text
    assert_untouched(payment)


def test_the_secret_and_the_hash_never_reach_the_log(payment, call_ipn, settings, caplog):
    query = success(payment)

    with caplog.at_level(logging.DEBUG):
        call_ipn(query)
        call_ipn(query[:-1] + "x")

    assert settings.VNPAY_HASH_SECRET not in caplog.text
    assert query.rsplit("=", 1)[1] not in caplog.text


def test_late_money_is_told_to_the_customer_and_to_the_app_above_once(expired, call_ipn):
    call_ipn(success(expired))
    call_ipn(success(expired))

    case = PaymentCase.objects.get(kind="late")
    told = Job.objects.filter(payload={"case_id": case.pk}).values_list("topic", flat=True)
    assert sorted(told) == ["payments.case_opened", "payments.owed"]
