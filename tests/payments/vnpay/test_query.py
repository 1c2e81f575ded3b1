from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from payments.vnpay.codes import RefundVerdict, Verdict
from payments.vnpay.query import (
    NO_INFORMATION,
    QueryAnswer,
    decoded,
    query_request,
    read_query_answer,
)
from tests.sandbox.protocol import ANSWER_SIGNED, hash_text

TXN_REF = "a1b2c3d4e5f6"
NOW = datetime(2026, 2, 28, 17, 46, 5, tzinfo=UTC)
PAID = {
    "vnp_ResponseId": "6f2a0c5e",
    "vnp_Command": "querydr",
    "vnp_ResponseCode": "00",
    "vnp_Message": "QueryDR Success",
    "vnp_TmnCode": "TESTTMN1",
    "vnp_TxnRef": TXN_REF,
    "vnp_Amount": "15000000",
    "vnp_OrderInfo": "Thanh toan don hang: ABC",
    "vnp_BankCode": "NCB",
    "vnp_PayDate": "20260301003105",
    "vnp_TransactionNo": "14226112",
    "vnp_TransactionType": "01",
    "vnp_TransactionStatus": "00",
}
NOT_FOUND = {
    "vnp_ResponseId": "6f2a0c5e",
    "vnp_Command": "querydr",
    "vnp_ResponseCode": "91",
    "vnp_Message": "Transaction not found",
    "vnp_TmnCode": "TESTTMN1",
    "vnp_TxnRef": TXN_REF,
}


def signed(values, **changes):
    """An answer, changed, then signed; a change of None leaves a field out."""
    changed = {**values, **{f"vnp_{name}": value for name, value in changes.items()}}
    answer = {name: value for name, value in changed.items() if value is not None}
    text = "|".join(answer.get(f"vnp_{name}", "") for name in ANSWER_SIGNED)
    return {**answer, "vnp_SecureHash": hash_text(text)}


def read(answer, config):
    return read_query_answer(answer, txn_ref=TXN_REF, config=config)


def test_the_question_has_exactly_the_documented_fields(config):
    asked = query_request(
        txn_ref=TXN_REF, transaction_date="20260301003005", now=NOW, config=config
    )

    request_id = asked["vnp_RequestId"]
    assert re.fullmatch("[0-9a-zA-Z]{1,32}", request_id)
    message = (
        f"{request_id}|2.1.0|querydr|TESTTMN1|a1b2c3d4e5f6|20260301003005|20260301004605"
        "|203.0.113.7|Hoi ket qua a1b2c3d4e5f6"
    )
    assert asked == {
        "vnp_RequestId": request_id,
        "vnp_Version": "2.1.0",
        "vnp_Command": "querydr",
        "vnp_TmnCode": "TESTTMN1",
        "vnp_TxnRef": "a1b2c3d4e5f6",
        "vnp_TransactionDate": "20260301003005",
        "vnp_CreateDate": "20260301004605",
        "vnp_IpAddr": "203.0.113.7",
        "vnp_OrderInfo": "Hoi ket qua a1b2c3d4e5f6",
        "vnp_SecureHash": hash_text(message),
    }


def test_no_two_questions_share_a_request_id(config):
    asked = [
        query_request(txn_ref=TXN_REF, transaction_date="20260301003005", now=NOW, config=config)
        for _ in range(100)
    ]

    assert len({question["vnp_RequestId"] for question in asked}) == 100


def test_a_paid_payment_is_paid_with_its_amount_in_vnd(config):
    assert read(signed(PAID), config) == QueryAnswer(
        Verdict.PAID, Decimal(150_000), transaction_no="14226112", code="00/01/00"
    )


def test_the_checksum_of_an_answer_ends_in_two_bars_and_ignores_the_order_of_its_fields(config):
    text = (
        "6f2a0c5e|querydr|00|QueryDR Success|TESTTMN1|a1b2c3d4e5f6|15000000|NCB|20260301003105"
        "|14226112|01|00|Thanh toan don hang: ABC||"
    )
    answer = {"vnp_SecureHash": hash_text(text), **dict(reversed(PAID.items()))}

    assert read(answer, config).verdict is Verdict.PAID


def test_promotions_are_part_of_the_checksum(config):
    promotion = {"PromotionCode": "TET", "PromotionAmount": "1000000"}
    genuine = signed(PAID, **promotion)

    assert read(genuine, config).verdict is Verdict.PAID
    assert read({**genuine, "vnp_PromotionAmount": "2000000"}, config) == NO_INFORMATION
    assert read({**signed(PAID), "vnp_PromotionCode": "TET"}, config) == NO_INFORMATION


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("00", Verdict.PAID),
        ("01", Verdict.NOT_FINAL),
        ("02", Verdict.FAILED),
        ("04", Verdict.REVIEW),
        ("07", Verdict.REVIEW),
        *((status, Verdict.NOT_FINAL) for status in ("05", "06", "08", "09", "10", "20", "", "xx")),
    ],
)
def test_the_status_decides_what_became_of_a_payment(config, status, verdict):
    assert read(signed(PAID, TransactionStatus=status), config).verdict is verdict


@pytest.mark.parametrize("status", ["00", "01", "02", "05", "06", "09"])
@pytest.mark.parametrize("kind", ["02", "03"])
def test_a_refund_says_that_the_payment_was_made_whatever_became_of_the_refund(
    config, kind, status
):
    refund = {"Amount": "5000000", "TransactionNo": "99", "TransactionType": kind}

    answer = read(signed(PAID, **refund, TransactionStatus=status), config)

    # Amount and number are the refund's, so they are not taken for the payment's.
    assert (answer.verdict, answer.amount, answer.transaction_no) == (Verdict.PAID, None, "")
    assert (answer.refund.amount, answer.refund.transaction_no) == (Decimal(50_000), "99")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("00", RefundVerdict.DONE),
        ("02", RefundVerdict.REJECTED),
        ("09", RefundVerdict.REJECTED),
        *((status, RefundVerdict.UNDER_WAY) for status in ("05", "06", "01", "", "xx")),
    ],
)
def test_the_status_of_a_refund_says_how_far_it_is(config, status, verdict):
    answer = read(signed(PAID, TransactionType="02", TransactionStatus=status), config)

    assert answer.refund.verdict is verdict


def test_a_payment_is_no_refund(config):
    assert read(signed(PAID), config).refund is None


@pytest.mark.parametrize("kind", [None, "", "00", "04", "1"])
def test_a_transaction_of_no_known_type_says_nothing(config, kind):
    assert read(signed(PAID, TransactionType=kind), config).verdict is Verdict.NO_INFORMATION


def test_91_is_not_found_and_needs_its_signature(config):
    assert read(signed(NOT_FOUND), config) == QueryAnswer(Verdict.NOT_FOUND, code="91")
    assert read(NOT_FOUND, config) == NO_INFORMATION
    assert read({**NOT_FOUND, "vnp_SecureHash": "0" * 128}, config) == NO_INFORMATION


@pytest.mark.parametrize("code", ["02", "03", "94", "97", "98", "99", "", "0"])
def test_other_codes_say_nothing_about_the_payment_even_with_status_00(config, code):
    answer = read(signed(PAID, ResponseCode=code), config)

    assert answer == QueryAnswer(Verdict.NO_INFORMATION, code=code)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"vnp_ResponseCode": "94", "vnp_Message": "Duplicate request"},
        {"vnp_ResponseCode": "00", "vnp_TransactionStatus": "00"},
        PAID,
        {**PAID, "vnp_SecureHash": ""},
        {**PAID, "vnp_SecureHash": None},
        {**PAID, "vnp_SecureHash": "0" * 128},
        {**PAID, "vnp_SecureHash": ["0" * 128]},
        {**PAID, "vnp_SecureHash": hash_text("|".join(PAID.values()), "another secret")},
        {**signed(PAID), "vnp_Message": "\ud800"},
        {**signed(PAID), "vnp_Amount": {"deep": []}},
    ],
)
def test_an_answer_that_is_not_signed_by_vnpay_says_nothing(config, answer):
    assert read(answer, config) == NO_INFORMATION


@pytest.mark.parametrize("name", sorted(PAID))
def test_a_change_to_any_signed_field_makes_the_answer_say_nothing(config, name):
    genuine = signed(PAID)

    assert read({**genuine, name: genuine[name] + "1"}, config) == NO_INFORMATION
    assert read({**genuine, name: None}, config) == NO_INFORMATION


def test_fields_outside_the_checksum_are_not_looked_at(config):
    more = {"vnp_Trace": "1", "vnp_FeeAmount": "9", "vnp_CardNumber": "9704xxxx2198", "x": []}

    assert read({**signed(PAID), **more}, config) == read(signed(PAID), config)


@pytest.mark.parametrize("changes", [{"TxnRef": "another"}, {"TmnCode": "OTHERTMN"}])
@pytest.mark.parametrize("answer", [PAID, NOT_FOUND])
def test_a_genuine_answer_about_something_else_says_nothing(config, answer, changes):
    assert read(signed(answer, **changes), config) == NO_INFORMATION


@pytest.mark.parametrize("amount", [None, "", "a lot", "150000.00", "-1", "1" * 13])
def test_a_payment_without_a_readable_amount_says_nothing(config, amount):
    assert read(signed(PAID, Amount=amount), config) == NO_INFORMATION


def test_null_counts_as_absent(config):
    answer = signed(NOT_FOUND)
    nulls = {f"vnp_{name}": None for name in ANSWER_SIGNED if f"vnp_{name}" not in answer}

    assert read({**answer, **nulls}, config).verdict is Verdict.NOT_FOUND


def test_numbers_in_the_answer_count_as_the_digits_they_were(config):
    text = json.dumps(signed(PAID, BankTranNo="007"))
    for digits in ("15000000", "14226112", "20260301003105"):
        text = text.replace(f'"{digits}"', digits)
    assert '"vnp_Amount": 15000000,' in text

    answer = read(decoded(text.encode()), config)

    assert (answer.verdict, answer.amount) == (Verdict.PAID, Decimal(150_000))


@pytest.mark.parametrize("digits", ["1" * 5000, "15000000.0", "1E7", "-0", "0.10", "NaN"])
def test_numbers_keep_their_spelling(digits):
    assert decoded(f'{{"vnp_Amount": {digits}}}'.encode()) == {"vnp_Amount": digits}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'"text"', b"7", b"<html>", b"{", b"\xff{}", rb'{"a": "\ud800"}']
)
def test_a_body_that_is_no_object_of_texts_is_refused(body):
    with pytest.raises(ValueError):  # noqa: PT011
        decoded(body)
