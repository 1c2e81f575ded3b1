from __future__ import annotations

import httpx
import pytest

from tests.sandbox.protocol import (
    is_genuine_answer,
    link,
    pay_fields,
    query_fields,
    stamp,
)


def ask(sandbox, fields):
    answer = sandbox.http.post(sandbox.api_url, json=fields)
    assert answer.status_code == 200
    return answer.json()


def paid_link(sandbox, outcome="success"):
    values = pay_fields()
    sandbox.pay(link(values), outcome=outcome)
    return values


def test_a_paid_payment_is_described_and_signed(sandbox):
    values = paid_link(sandbox)

    answer = ask(sandbox, query_fields(values))

    assert is_genuine_answer(answer)
    known = sandbox.transaction(values["vnp_TxnRef"])
    assert answer["vnp_ResponseCode"] == "00"
    assert answer["vnp_Command"] == "querydr"
    assert answer["vnp_TransactionType"] == "01"
    assert answer["vnp_TransactionStatus"] == "00"
    assert answer["vnp_TxnRef"] == values["vnp_TxnRef"]
    assert answer["vnp_Amount"] == values["vnp_Amount"]
    assert answer["vnp_OrderInfo"] == values["vnp_OrderInfo"]
    assert answer["vnp_TransactionNo"] == known["transaction_no"]
    assert answer["vnp_PayDate"] == known["pay_date"]
    assert answer["vnp_BankCode"] == "NCB"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("insufficient", "02"), ("cancel", "02"), ("left", "01"), ("fraud", "07"), ("reversed", "04")],
)
def test_a_payment_that_is_not_paid_is_code_00_with_its_status(sandbox, outcome, status):
    answer = ask(sandbox, query_fields(paid_link(sandbox, outcome)))

    assert is_genuine_answer(answer)
    assert (answer["vnp_ResponseCode"], answer["vnp_TransactionType"]) == ("00", "01")
    assert answer["vnp_TransactionStatus"] == status


def test_what_never_reached_a_bank_is_91_with_six_fields_and_a_signature(sandbox):
    unknown, opened = pay_fields(), pay_fields()
    sandbox.open(link(opened))

    for values in (unknown, opened):
        answer = ask(sandbox, query_fields(values))
        assert answer["vnp_ResponseCode"] == "91"
        assert is_genuine_answer(answer)
        assert len(answer) == 7


def test_another_transaction_date_is_91(sandbox):
    values = paid_link(sandbox)

    answer = ask(sandbox, query_fields(values, TransactionDate=stamp(-60)))

    assert answer["vnp_ResponseCode"] == "91"


@pytest.mark.parametrize(
    "change",
    [
        {"RequestId": None},
        {"RequestId": "A" * 33},
        {"RequestId": "with-hyphen"},
        {"Version": "2.0.0"},
        {"Command": "query"},
        {"TmnCode": None},
        {"TxnRef": ""},
        {"OrderInfo": "Hỏi"},
        {"OrderInfo": "a|b"},
        {"TransactionDate": "20260230000000"},
        {"CreateDate": None},
        {"IpAddr": "::1"},
        {"TransactionNo": "12x"},
    ],
)
def test_a_malformed_request_is_03(sandbox, change):
    values = paid_link(sandbox)

    assert ask(sandbox, query_fields(values, **change))["vnp_ResponseCode"] == "03"


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"\xff", b'{"vnp_Command": {}}'])
def test_a_body_that_is_no_object_of_texts_is_03(sandbox, body):
    answer = sandbox.http.post(sandbox.api_url, content=body)

    assert answer.json()["vnp_ResponseCode"] == "03"


def test_another_terminal_is_02_without_a_signature(sandbox):
    answer = ask(sandbox, query_fields(paid_link(sandbox), TmnCode="OTHERTMN"))

    assert answer == {"vnp_ResponseCode": "02", "vnp_Message": "Invalid terminal"}


@pytest.mark.parametrize(
    "spoiled",
    [
        {"vnp_SecureHash": "0" * 128},
        {"vnp_OrderInfo": "Another text"},
        {"vnp_CreateDate": "20260101000000"},
    ],
)
def test_a_wrong_checksum_is_97(sandbox, spoiled):
    answer = ask(sandbox, {**query_fields(paid_link(sandbox)), **spoiled})

    assert answer["vnp_ResponseCode"] == "97"
    assert "vnp_TransactionStatus" not in answer


def test_the_transaction_number_is_outside_the_checksum(sandbox):
    fields = {**query_fields(paid_link(sandbox)), "vnp_TransactionNo": "12345"}

    assert ask(sandbox, fields)["vnp_ResponseCode"] == "00"


def test_a_repeated_request_id_is_94_without_a_signature(sandbox):
    fields = query_fields(paid_link(sandbox))
    ask(sandbox, fields)

    answer = ask(sandbox, fields)

    assert answer == {"vnp_ResponseCode": "94", "vnp_Message": "Duplicate request"}


def test_a_request_id_is_not_used_up_by_a_wrong_checksum(sandbox):
    fields = query_fields(paid_link(sandbox))
    ask(sandbox, {**fields, "vnp_SecureHash": "0" * 128})

    assert ask(sandbox, fields)["vnp_ResponseCode"] == "00"


def test_within_the_window_a_second_query_of_one_payment_is_94(strict_sandbox):
    asked, other = (pay_fields(ReturnUrl="https://shop.example/") for _ in range(2))
    for values in (asked, other):
        strict_sandbox.pay(link(values))

    codes = [
        ask(strict_sandbox, query_fields(values))["vnp_ResponseCode"]
        for values in (asked, asked, other)
    ]

    assert codes == ["00", "94", "00"]


@pytest.mark.parametrize("code", ["91", "94", "99"])
def test_the_weather_can_answer_a_query(sandbox, code):
    values = paid_link(sandbox)
    sandbox.set_weather(**{f"query_{code}": {"value": True, "times": 1}})

    stormy = ask(sandbox, query_fields(values))
    fair = ask(sandbox, query_fields(values))

    assert stormy["vnp_ResponseCode"] == code
    assert ("vnp_SecureHash" in stormy) == (code != "94")
    assert fair["vnp_ResponseCode"] == "00"


def test_the_weather_can_take_the_signature_away(sandbox):
    values = paid_link(sandbox)
    sandbox.set_weather(values["vnp_TxnRef"], query_unsigned=True)

    answer = ask(sandbox, query_fields(values))

    assert answer["vnp_TransactionStatus"] == "00"
    assert "vnp_SecureHash" not in answer


def test_an_api_that_is_down_does_no_work(sandbox):
    fields = query_fields(paid_link(sandbox))
    sandbox.set_weather(api_down={"value": True, "times": 1})

    assert sandbox.http.post(sandbox.api_url, json=fields).status_code == 503
    sandbox.set_weather(api_down={"value": "cut", "times": 1})
    with pytest.raises(httpx.TransportError):
        sandbox.http.post(sandbox.api_url, json=fields)
    assert ask(sandbox, fields)["vnp_ResponseCode"] == "00"


def test_a_slow_api_makes_the_caller_give_up(sandbox):
    fields = query_fields(paid_link(sandbox))
    sandbox.set_weather(api_slow_seconds={"value": 1, "times": 1})

    with pytest.raises(httpx.ReadTimeout):
        sandbox.http.post(sandbox.api_url, json=fields, timeout=0.2)


def test_a_lost_answer_cuts_the_connection_after_the_work(sandbox):
    values = paid_link(sandbox)
    fields = query_fields(values)
    sandbox.set_weather(answer_lost={"value": True, "times": 1})

    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.http.post(sandbox.api_url, json=fields)

    (call,) = sandbox.transaction(values["vnp_TxnRef"])["api_calls"]
    assert call["response_code"] == "00"
    assert ask(sandbox, fields)["vnp_ResponseCode"] == "94"  # its request id is used up
