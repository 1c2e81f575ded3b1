from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from payments.vnpay.callback import Callback, NothingUsable, read_callback
from payments.vnpay.codes import Verdict
from payments.vnpay.signature import BadSignature
from tests.sandbox.protocol import encode, hash_text, link, pay_fields

PAID = {
    "vnp_TmnCode": "TESTTMN1",
    "vnp_Amount": "15000000",
    "vnp_BankCode": "NCB",
    "vnp_BankTranNo": "VNP14226112",
    "vnp_CardType": "ATM",
    "vnp_OrderInfo": "Thanh toan don hang: ABC",
    "vnp_PayDate": "20260301003105",
    "vnp_ResponseCode": "00",
    "vnp_TransactionNo": "14226112",
    "vnp_TransactionStatus": "00",
    "vnp_TxnRef": "a1b2c3d4e5f6",
}
DOCUMENTED_FAILURES = ("09", "10", "11", "12", "13", "24", "51", "65", "75", "79")
UNCONFIRMED = ("99", "01", "02", "03", "04", "05", "06", "08", "77")  # most are of version 2.0


def signed(**changes):
    """The parameters of a success, changed, then signed; a change of None leaves one out."""
    changed = {**PAID, **{f"vnp_{name}": value for name, value in changes.items()}}
    values = {name: value for name, value in changed.items() if value is not None}
    return [*values.items(), ("vnp_SecureHash", hash_text(encode(values)))]


def test_a_success_is_read_with_its_amount_in_vnd(config):
    assert read_callback(signed(), config) == Callback(
        txn_ref="a1b2c3d4e5f6",
        amount=Decimal(150_000),
        verdict=Verdict.PAID,
        transaction_no="14226112",
        response_code="00",
        status="00",
        order_info="Thanh toan don hang: ABC",
    )


@pytest.mark.parametrize(
    ("response_code", "status", "verdict"),
    [
        ("00", "00", Verdict.PAID),
        # Suspected, or debited and not paid: neither fulfil nor fail.
        ("07", "07", Verdict.REVIEW),
        ("07", "00", Verdict.REVIEW),
        ("07", "02", Verdict.REVIEW),
        ("00", "07", Verdict.REVIEW),
        ("24", "07", Verdict.REVIEW),
        ("00", "04", Verdict.REVIEW),
        ("99", "04", Verdict.REVIEW),
        # The response is 00 and the status something else: wait and ask.
        ("00", "01", Verdict.NOT_FINAL),
        ("00", "02", Verdict.NOT_FINAL),
        ("00", "05", Verdict.NOT_FINAL),
        ("00", "06", Verdict.NOT_FINAL),
        ("00", "09", Verdict.NOT_FINAL),
        ("00", "08", Verdict.NOT_FINAL),
        ("00", "10", Verdict.NOT_FINAL),
        ("00", "20", Verdict.NOT_FINAL),
        # A refusal that says why is a failure, the status 00 notwithstanding.
        ("24", "00", Verdict.FAILED),
        ("24", "01", Verdict.FAILED),
        *((code, "02", Verdict.FAILED) for code in DOCUMENTED_FAILURES),
        # Others are asked about before anybody is told that nothing was charged.
        *((code, "02", Verdict.NOT_FINAL) for code in UNCONFIRMED),
        ("99", "00", Verdict.NOT_FINAL),
    ],
)
def test_both_codes_together_decide(config, response_code, status, verdict):
    pairs = signed(ResponseCode=response_code, TransactionStatus=status)

    callback = read_callback(pairs, config)

    assert callback.verdict is verdict
    assert (callback.response_code, callback.status) == (response_code, status)


def test_a_cancelled_payment_comes_with_few_fields(config):
    pairs = signed(
        BankCode="VNPAY",
        BankTranNo=None,
        CardType=None,
        PayDate=None,
        ResponseCode="24",
        TransactionNo="0",
        TransactionStatus="02",
    )

    callback = read_callback(pairs, config)

    assert (callback.verdict, callback.transaction_no) == (Verdict.FAILED, "0")


def test_the_time_of_payment_is_not_judged(config):
    assert read_callback(signed(PayDate="19990101000000"), config).verdict is Verdict.PAID


def test_the_reference_is_taken_as_it_is_to_be_looked_up(config):
    assert read_callback(signed(TxnRef="SIT_NOTFOUND_1"), config).txn_ref == "SIT_NOTFOUND_1"


def test_vnpays_new_fields_and_other_peoples_tags_do_no_harm(config):
    pairs = [*signed(Ufo="1"), ("utm_source", "mail")]

    assert read_callback(pairs, config).verdict is Verdict.PAID


@pytest.mark.parametrize(
    "query", ["", "utm_source=mail", "vnp_SecureHash=" + "0" * 128, "VNP_TXNREF=1&x="]
)
def test_a_call_without_vnpays_parameters_is_nothing_usable(config, query):
    with pytest.raises(NothingUsable):
        read_callback(parse_qsl(query, keep_blank_values=True), config)


def test_another_terminals_call_is_refused_though_the_secret_is_right(config):
    with pytest.raises(BadSignature):
        read_callback(signed(TmnCode="OTHERTMN"), config)
    with pytest.raises(BadSignature):
        read_callback(signed(TmnCode=None), config)


def test_a_call_without_a_signature_is_refused(config):
    with pytest.raises(BadSignature):
        read_callback(PAID.items(), config)


@pytest.mark.parametrize("name", sorted(PAID))
def test_a_change_to_any_field_is_refused(config, name):
    forged = [(each, value + "0" if each == name else value) for each, value in signed()]

    with pytest.raises(BadSignature):
        read_callback(forged, config)


def test_the_signature_comes_before_the_contents(config):
    pairs = [("vnp_Amount", "a lot"), ("vnp_SecureHash", "0" * 128)]

    with pytest.raises(BadSignature):
        read_callback(pairs, config)


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("name", ["TxnRef", "Amount", "ResponseCode", "TransactionStatus"])
def test_a_signed_call_that_lacks_what_every_callback_has_is_nothing_usable(config, name, value):
    with pytest.raises(NothingUsable):
        read_callback(signed(**{name: value}), config)


def test_a_customers_own_pay_link_can_not_be_passed_off_as_a_failure(config):
    query = link(pay_fields()).partition("?")[2]
    forged = f"{query}&vnp_ResponseCode=&vnp_TransactionStatus="

    for attempt in (query, forged):
        with pytest.raises(NothingUsable):
            read_callback(parse_qsl(attempt, keep_blank_values=True), config)


@pytest.mark.parametrize(
    "amount", ["a lot", "-15000000", "150000.00", "1e7", "１５", " 1", "1" * 13]
)
def test_an_amount_that_is_not_up_to_twelve_digits_is_nothing_usable(config, amount):
    with pytest.raises(NothingUsable):
        read_callback(signed(Amount=amount), config)


@pytest.mark.parametrize(
    ("amount", "vnd"),
    [
        ("1", "0.01"),
        ("15000001", "150000.01"),
        ("0015000000", "150000"),
        ("9" * 12, "9999999999.99"),
    ],
)
def test_an_amount_is_exact_so_that_one_that_differs_differs(config, amount, vnd):
    assert read_callback(signed(Amount=amount), config).amount == Decimal(vnd)
