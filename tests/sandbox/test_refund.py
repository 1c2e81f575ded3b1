from __future__ import annotations

import httpx
import pytest

from tests.sandbox.protocol import (
    is_genuine_answer,
    link,
    pay_fields,
    query_fields,
    refund_fields,
    stamp,
)
from tests.sandbox_process import wait_until

PAID = 150_000
FULL, PARTIAL = "02", "03"


def ask(sandbox, fields):
    answer = sandbox.http.post(sandbox.api_url, json=fields)
    assert answer.status_code == 200
    return answer.json()


def refund(sandbox, values, amount, kind, **changes):
    return ask(sandbox, refund_fields(values, amount, kind, **changes))


def status_of(sandbox, values):
    return ask(sandbox, query_fields(values))["vnp_TransactionStatus"]


def wait_for_status(sandbox, values, status):
    wait_until(
        lambda: status_of(sandbox, values) == status, seconds=10, what=f"refund status {status}"
    )


@pytest.fixture
def paid(sandbox):
    values = pay_fields()
    sandbox.pay(link(values))
    return values


@pytest.fixture
def at_once(sandbox):
    """Refunds are done as soon as they are accepted."""
    sandbox.set_weather(refund_outcome="done")


@pytest.mark.usefixtures("at_once")
def test_a_full_refund_is_accepted_and_signed(sandbox, paid):
    answer = refund(sandbox, paid, PAID, FULL, OrderInfo="Hoan tien")

    payment = sandbox.transaction(paid["vnp_TxnRef"])
    assert is_genuine_answer(answer)
    assert answer["vnp_ResponseCode"] == "00"
    assert answer["vnp_TransactionStatus"] == "00"
    assert answer["vnp_TransactionType"] == FULL
    assert answer["vnp_Amount"] == "15000000"
    assert answer["vnp_OrderInfo"] == "Hoan tien"
    assert answer["vnp_TransactionNo"] != payment["transaction_no"]
    assert payment["refunds"][0]["transaction_no"] == answer["vnp_TransactionNo"]
    assert "vnp_PromotionCode" not in answer


def test_a_refund_is_processed_sent_and_done(sandbox, paid):
    answer = refund(sandbox, paid, PAID, FULL)

    assert (answer["vnp_ResponseCode"], answer["vnp_TransactionStatus"]) == ("00", "05")
    wait_for_status(sandbox, paid, "06")
    wait_for_status(sandbox, paid, "00")


def test_a_refund_can_be_rejected_later_and_asked_again(sandbox, paid):
    sandbox.set_weather(refund_outcome={"value": "processing_then_rejected", "times": 1})

    first = refund(sandbox, paid, PAID, FULL)
    wait_for_status(sandbox, paid, "09")
    second = refund(sandbox, paid, PAID, FULL)

    assert first["vnp_TransactionStatus"] == "05"
    assert second["vnp_ResponseCode"] == "00"


@pytest.mark.usefixtures("at_once")
def test_partial_refunds_follow_each_other_up_to_what_was_paid(sandbox, paid):
    amounts = (50_000, 60_000, 40_001, 40_000, 1)

    codes = [refund(sandbox, paid, each, PARTIAL)["vnp_ResponseCode"] for each in amounts]

    assert codes == ["00", "00", "02", "00", "02"]
    refunds = sandbox.transaction(paid["vnp_TxnRef"])["refunds"]
    assert [each["amount"] // 100 for each in refunds] == [50_000, 60_000, 40_000]


@pytest.mark.usefixtures("at_once")
def test_a_query_describes_the_latest_refund(sandbox, paid):
    refund(sandbox, paid, 50_000, PARTIAL)
    latest = refund(sandbox, paid, 60_000, PARTIAL)

    answer = ask(sandbox, query_fields(paid))

    assert is_genuine_answer(answer)
    assert answer["vnp_TransactionType"] == PARTIAL
    assert answer["vnp_TransactionStatus"] == "00"
    assert answer["vnp_Amount"] == "6000000"
    assert answer["vnp_TransactionNo"] == latest["vnp_TransactionNo"]
    assert answer["vnp_OrderInfo"] == paid["vnp_OrderInfo"]


@pytest.mark.usefixtures("at_once")
def test_a_full_refund_after_a_partial_one_is_04(sandbox, paid):
    refund(sandbox, paid, 50_000, PARTIAL)

    assert refund(sandbox, paid, PAID, FULL)["vnp_ResponseCode"] == "04"


@pytest.mark.usefixtures("at_once")
def test_nothing_is_left_after_a_full_refund(sandbox, paid):
    refund(sandbox, paid, PAID, FULL)

    assert refund(sandbox, paid, PAID, FULL)["vnp_ResponseCode"] == "02"
    assert refund(sandbox, paid, 1, PARTIAL)["vnp_ResponseCode"] == "02"


@pytest.mark.parametrize(
    ("amount", "kind"), [(0, PARTIAL), (PAID + 1, PARTIAL), (PAID - 1, FULL), (PAID + 1, FULL)]
)
def test_an_impossible_amount_is_93(sandbox, paid, amount, kind):
    answer = refund(sandbox, paid, amount, kind)

    assert answer["vnp_ResponseCode"] == "93"
    assert is_genuine_answer(answer)
    assert sandbox.transaction(paid["vnp_TxnRef"])["refunds"] == []


def test_a_second_refund_while_one_is_processed_is_94(sandbox, paid):
    refund(sandbox, paid, 50_000, PARTIAL)

    assert refund(sandbox, paid, 50_000, PARTIAL)["vnp_ResponseCode"] == "94"
    assert len(sandbox.transaction(paid["vnp_TxnRef"])["refunds"]) == 1


@pytest.mark.usefixtures("at_once")
def test_a_repeated_request_id_is_94(sandbox, paid):
    fields = refund_fields(paid, 50_000, PARTIAL)
    ask(sandbox, fields)

    assert ask(sandbox, fields)["vnp_ResponseCode"] == "94"
    assert len(sandbox.transaction(paid["vnp_TxnRef"])["refunds"]) == 1


@pytest.mark.parametrize("outcome", ["cancel", "left", "fraud"])
def test_what_was_not_paid_is_not_refunded(sandbox, outcome):
    values = pay_fields()
    sandbox.pay(link(values), outcome=outcome)

    assert refund(sandbox, values, PAID, FULL)["vnp_ResponseCode"] == "95"


@pytest.mark.parametrize("change", [{"TransactionDate": stamp(-9)}, {"TransactionNo": "4711"}])
def test_a_payment_under_another_date_or_number_is_91(sandbox, paid, change):
    assert refund(sandbox, paid, PAID, FULL, **change)["vnp_ResponseCode"] == "91"


@pytest.mark.usefixtures("at_once")
def test_the_number_may_be_right_or_zero(sandbox, paid):
    number = sandbox.transaction(paid["vnp_TxnRef"])["transaction_no"]

    known = refund(sandbox, paid, 50_000, PARTIAL, TransactionNo=number)
    unknown = refund(sandbox, paid, 50_000, PARTIAL, TransactionNo="0")

    assert (known["vnp_ResponseCode"], unknown["vnp_ResponseCode"]) == ("00", "00")


@pytest.mark.parametrize(
    "change",
    [
        {"TransactionType": "01"},
        {"Amount": None},
        {"Amount": "1.5"},
        {"CreateBy": None},
        {"CreateBy": "a|b"},
        {"OrderInfo": "Hoàn tiền"},
    ],
)
def test_a_malformed_refund_is_03(sandbox, paid, change):
    assert refund(sandbox, paid, PAID, FULL, **change)["vnp_ResponseCode"] == "03"


def test_the_amount_may_be_a_json_number(sandbox, paid):
    fields = refund_fields(paid, PAID, FULL)

    answer = ask(sandbox, {**fields, "vnp_Amount": int(fields["vnp_Amount"])})

    assert answer["vnp_ResponseCode"] == "00"


def test_a_refund_with_a_changed_amount_is_97(sandbox, paid):
    fields = {**refund_fields(paid, 50_000, PARTIAL), "vnp_Amount": "6000000"}

    assert ask(sandbox, fields)["vnp_ResponseCode"] == "97"


def test_a_foreign_terminal_cannot_refund(sandbox, paid):
    assert refund(sandbox, paid, PAID, FULL, TmnCode="OTHERTMN")["vnp_ResponseCode"] == "02"


@pytest.mark.parametrize("code", ["13", "94", "98", "99"])
def test_the_weather_can_refuse_a_refund(sandbox, paid, code):
    sandbox.set_weather(**{f"refund_{code}": {"value": True, "times": 1}})

    refused = refund(sandbox, paid, PAID, FULL)

    assert refused["vnp_ResponseCode"] == code
    assert is_genuine_answer(refused)
    assert sandbox.transaction(paid["vnp_TxnRef"])["refunds"] == []
    assert refund(sandbox, paid, PAID, FULL)["vnp_ResponseCode"] == "00"


@pytest.mark.parametrize("code", ["94", "98", "99"])
def test_a_refund_may_be_taken_all_the_same(sandbox, paid, code):
    sandbox.set_weather(**{f"refund_{code}": "done"})

    assert refund(sandbox, paid, PAID, FULL)["vnp_ResponseCode"] == code
    assert len(sandbox.transaction(paid["vnp_TxnRef"])["refunds"]) == 1


def test_a_lost_answer_leaves_the_refund_in_the_books(sandbox, paid):
    sandbox.set_weather(paid["vnp_TxnRef"], answer_lost={"value": True, "times": 1})

    with pytest.raises(httpx.RemoteProtocolError):
        refund(sandbox, paid, PAID, FULL)

    answer = ask(sandbox, query_fields(paid))
    assert (answer["vnp_TransactionType"], answer["vnp_Amount"]) == (FULL, "15000000")
