from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from payments.vnpay.codes import RefundVerdict
from payments.vnpay.refund import (
    NO_REPLY,
    Reversal,
    read_refund_answer,
    refund_request,
    signed_refund,
)
from tests.sandbox.protocol import ANSWER_SIGNED, hash_text

NOW = datetime(2026, 2, 28, 17, 46, 5, tzinfo=UTC)
REVERSAL = Reversal(
    request_id="r1e2q3",
    txn_ref="a1b2c3d4e5f6",
    transaction_date="20260301003005",
    transaction_no="14226112",
    amount=Decimal(150_000),
    is_full=True,
    reason="Hoàn tiền | vé #1",
    requested_by="refund-7",
)
ACCEPTED = {
    "vnp_ResponseId": "6f2a0c5e",
    "vnp_Command": "refund",
    "vnp_ResponseCode": "00",
    "vnp_Message": "Refund Success",
    "vnp_TmnCode": "TESTTMN1",
    "vnp_TxnRef": "a1b2c3d4e5f6",
    "vnp_Amount": "15000000",
    "vnp_BankCode": "NCB",
    "vnp_PayDate": "20260301004606",
    "vnp_TransactionNo": "14226199",
    "vnp_TransactionType": "02",
    "vnp_TransactionStatus": "05",
    "vnp_OrderInfo": "Hoan tien ve 1 r1e2q3",
}
REFUSED = {
    "vnp_ResponseId": "6f2a0c5e",
    "vnp_Command": "refund",
    "vnp_ResponseCode": "93",
    "vnp_Message": "Invalid amount",
    "vnp_TmnCode": "TESTTMN1",
    "vnp_TxnRef": "a1b2c3d4e5f6",
}


def signed(values, **changes):
    """An answer, changed, then signed over 13 values; a change of None leaves a field out."""
    changed = {**values, **{f"vnp_{name}": value for name, value in changes.items()}}
    answer = {name: value for name, value in changed.items() if value is not None}
    text = "|".join(answer.get(f"vnp_{name}", "") for name in ANSWER_SIGNED[:13])
    return {**answer, "vnp_SecureHash": hash_text(text)}


@pytest.fixture
def read(config):
    request = refund_request(REVERSAL, now=NOW, config=config)
    return lambda answer: read_refund_answer(answer, request=request, config=config)


def test_the_request_has_exactly_the_documented_fields(config):
    request = refund_request(REVERSAL, now=NOW, config=config)

    assert request == {
        "vnp_RequestId": "r1e2q3",
        "vnp_Version": "2.1.0",
        "vnp_Command": "refund",
        "vnp_TmnCode": "TESTTMN1",
        "vnp_TransactionType": "02",
        "vnp_TxnRef": "a1b2c3d4e5f6",
        "vnp_Amount": "15000000",
        "vnp_TransactionNo": "14226112",
        "vnp_TransactionDate": "20260301003005",
        "vnp_CreateBy": "refund-7",
        "vnp_CreateDate": "20260301004605",
        "vnp_IpAddr": "203.0.113.7",
        "vnp_OrderInfo": "Hoan tien ve 1 r1e2q3",
    }
    message = (
        "r1e2q3|2.1.0|refund|TESTTMN1|02|a1b2c3d4e5f6|15000000|14226112|20260301003005"
        "|refund-7|20260301004605|203.0.113.7|Hoan tien ve 1 r1e2q3"
    )
    assert signed_refund(request, config) == {**request, "vnp_SecureHash": hash_text(message)}


def test_a_part_of_the_amount_is_a_partial_refund(config):
    part = replace(REVERSAL, amount=Decimal(50_000), is_full=False)

    request = refund_request(part, now=NOW, config=config)

    assert (request["vnp_TransactionType"], request["vnp_Amount"]) == ("03", "5000000")


@pytest.mark.parametrize(
    ("amount", "digits"),
    [("266666.40", "26666640"), ("1", "100"), ("0.50", "50"), ("999999999.00", "99999999900")],
)
def test_amounts_are_the_digits_of_hundredths(config, amount, digits):
    request = refund_request(replace(REVERSAL, amount=Decimal(amount)), now=NOW, config=config)

    assert request["vnp_Amount"] == digits


def test_an_amount_finer_than_the_protocol_is_a_bug(config):
    with pytest.raises(ValueError, match="more than two places"):
        refund_request(replace(REVERSAL, amount=Decimal("1.001")), now=NOW, config=config)


def test_a_payment_whose_number_is_not_known_is_asked_for_as_0_as_in_vnpays_demos(config):
    unknown = replace(REVERSAL, transaction_no="")

    assert refund_request(unknown, now=NOW, config=config)["vnp_TransactionNo"] == "0"


@pytest.mark.parametrize("text", ["", "Nguyễn|Văn|Ă", "ề" * 400, "a" * 400, "|||"])
def test_whatever_people_write_fits_the_fields(config, text):
    wild = replace(REVERSAL, reason=text, requested_by=text)

    request = refund_request(wild, now=NOW, config=config)

    assert re.fullmatch(r"[A-Za-z0-9 .,:_-]{1,255}", request["vnp_OrderInfo"])
    assert request["vnp_OrderInfo"].endswith("r1e2q3")
    assert re.fullmatch(r"[A-Za-z0-9 .,:_-]{1,245}", request["vnp_CreateBy"])


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("00", RefundVerdict.DONE),
        ("05", RefundVerdict.UNDER_WAY),
        ("06", RefundVerdict.UNDER_WAY),
        ("09", RefundVerdict.REJECTED),
        ("01", RefundVerdict.UNDER_WAY),
        ("xx", RefundVerdict.UNDER_WAY),
    ],
)
def test_of_an_accepted_request_the_status_says_how_far_it_is(read, status, verdict):
    reply = read(signed(ACCEPTED, TransactionStatus=status))

    assert reply.verdict is verdict
    assert (reply.code, reply.transaction_no) == (f"00/{status}", "14226199")


def test_a_number_of_0_is_none(read):
    """VNPay's word for one that there is not: no later word of this refund would match it."""
    assert read(signed(ACCEPTED, TransactionNo="0")).transaction_no == ""


def test_the_checksum_of_an_answer_covers_13_values_and_ends_in_the_order_text(read):
    text = (
        "6f2a0c5e|refund|00|Refund Success|TESTTMN1|a1b2c3d4e5f6|15000000|NCB|20260301004606"
        "|14226199|02|05|Hoan tien ve 1 r1e2q3"
    )

    assert read({**ACCEPTED, "vnp_SecureHash": hash_text(text)}).code == "00/05"
    assert read({**ACCEPTED, "vnp_SecureHash": hash_text(text + "||")}) == NO_REPLY


@pytest.mark.parametrize("code", ["02", "03", "04", "13", "91", "93", "95", "97"])
def test_a_signed_refusal_is_definitive(read, code):
    reply = read(signed(REFUSED, ResponseCode=code))

    assert reply.verdict is RefundVerdict.REJECTED
    assert (reply.code, reply.message, reply.transaction_no) == (code, "Invalid amount", "")


@pytest.mark.parametrize("code", ["94", "98", "99", "08", "16", "42", "", "0"])
def test_other_codes_leave_open_what_vnpay_did(read, code):
    reply = read(signed(ACCEPTED, ResponseCode=code))

    assert (reply.verdict, reply.transaction_no) == (RefundVerdict.UNKNOWN, "")


@pytest.mark.parametrize("code", ["04", "13"])
def test_a_full_refund_that_is_refused_for_its_kind_may_go_as_a_partial_one(config, read, code):
    part = refund_request(replace(REVERSAL, is_full=False), now=NOW, config=config)
    answer = signed(REFUSED, ResponseCode=code)

    assert read(answer).takes_partial
    assert not read_refund_answer(answer, request=part, config=config).takes_partial
    assert not read(signed(REFUSED)).takes_partial


@pytest.mark.parametrize("answer", [ACCEPTED, REFUSED], ids=["accepted", "refused"])
def test_an_answer_that_vnpay_did_not_sign_leaves_it_open(read, answer):
    another = hash_text("|".join(answer.values()), "another secret")

    for forged in (None, "", "0" * 128, another, ["0" * 128]):
        assert read({**answer, "vnp_SecureHash": forged}) == NO_REPLY
    assert read(answer) == NO_REPLY


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_a_change_to_any_signed_field_leaves_it_open(read, name):
    genuine = signed(ACCEPTED)

    assert read({**genuine, name: genuine[name] + "1"}) == NO_REPLY
    assert read({**genuine, name: None}) == NO_REPLY


@pytest.mark.parametrize(
    "changes",
    [
        {"Command": "querydr"},
        {"TmnCode": "OTHERTMN"},
        {"TxnRef": "another"},
        {"Amount": "15000001"},
        {"Amount": None},
        {"TransactionType": "03"},
        {"OrderInfo": "Hoan tien ve 1 another"},
        {"OrderInfo": None},
    ],
)
def test_a_genuine_answer_to_another_request_leaves_it_open(read, changes):
    assert read(signed(ACCEPTED, **changes)) == NO_REPLY


@pytest.mark.parametrize("changes", [{"TmnCode": "OTHERTMN"}, {"TxnRef": "another"}])
def test_a_refusal_of_something_else_refuses_nothing_here(read, changes):
    assert read(signed(REFUSED, **changes)) == NO_REPLY
