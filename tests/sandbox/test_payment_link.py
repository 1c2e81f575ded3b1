from __future__ import annotations

import pytest

from tests.sandbox.protocol import encode, hash_text, link, pay_fields, stamp


def error_code(answer):
    assert answer.status_code == 302
    path, _, code = answer.headers["Location"].partition("?code=")
    assert path == "/paymentv2/Payment/Error.html"
    return code


def test_the_signature_is_the_documented_one(sandbox):
    # A vector worked out by hand from section 2.1: sorted, "+" for a space, "%3A" for a colon.
    text = (
        "vnp_Amount=15000000&vnp_Command=pay&vnp_CreateDate=20200101000000&vnp_CurrCode=VND"
        "&vnp_ExpireDate=20200101001500&vnp_IpAddr=127.0.0.1&vnp_Locale=vn"
        "&vnp_OrderInfo=Ghe+A%3A12&vnp_OrderType=other"
        "&vnp_ReturnUrl=http%3A%2F%2Fshop.example%2Fback%2F&vnp_TmnCode=TESTTMN1"
        "&vnp_TxnRef=HAND1&vnp_Version=2.1.0"
    )

    answer = sandbox.open(f"/paymentv2/vpcpay.html?{text}&vnp_SecureHash={hash_text(text)}")

    assert error_code(answer) == "15"  # long out of time, but past the signature check


def test_a_good_link_shows_amount_order_and_cards(sandbox):
    answer = sandbox.open(link(pay_fields()))

    assert answer.status_code == 200
    assert '<html lang="vi">' in answer.text
    assert "150.000 ₫" in answer.text
    assert "Ve xem ca nhac: hang A, ghe 12" in answer.text
    assert "9704198526191432198" in answer.text
    assert "4456530000001005" in answer.text
    assert "<script>" not in answer.text


def test_the_page_speaks_english_when_asked(sandbox):
    answer = sandbox.open(link(pay_fields(Locale="en")))

    assert '<html lang="en">' in answer.text
    assert "Choose a test card" in answer.text


def test_a_bank_code_narrows_the_cards(sandbox):
    answer = sandbox.open(link(pay_fields(BankCode="INTCARD")))

    assert "4456530000001005" in answer.text
    assert "9704198526191432198" not in answer.text


def test_another_terminal_is_not_found(sandbox):
    assert error_code(sandbox.open(link(pay_fields(TmnCode="OTHERTMN")))) == "72"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: text.replace("vnp_Amount=15000000", "vnp_Amount=15000001"),
        lambda text: text.partition("&vnp_SecureHash")[0],
        lambda text: text.partition("&vnp_SecureHash")[0] + "&vnp_SecureHash=",
    ],
)
def test_a_spoiled_signature_is_refused(sandbox, spoil):
    assert error_code(sandbox.open(spoil(link(pay_fields())))) == "70"


def test_values_hashed_without_encoding_are_refused(sandbox):
    values = pay_fields()
    raw = "&".join(f"{name}={values[name]}" for name in sorted(values))

    answer = sandbox.open(
        f"/paymentv2/vpcpay.html?{encode(values)}&vnp_SecureHash={hash_text(raw)}"
    )

    assert error_code(answer) == "70"


@pytest.mark.parametrize(
    "change",
    [
        {"Version": "2.0.1"},
        {"Command": "refund"},
        {"Amount": None},
        {"Amount": "499900"},
        {"Amount": "100000000000"},
        {"Amount": "15000050"},
        {"Amount": "15000000.0"},
        {"CurrCode": "USD"},
        {"TxnRef": None},
        {"TxnRef": "with-hyphen"},
        {"TxnRef": "A" * 101},
        {"OrderInfo": None},
        {"OrderInfo": "Ghế số 1"},
        {"OrderInfo": "seat [12]"},
        {"OrderInfo": "A" * 256},
        {"OrderType": None},
        {"Locale": "fr"},
        {"ReturnUrl": "/relative/back/"},
        {"ReturnUrl": "http://shop.example/" + "a" * 240},
        {"IpAddr": "::1"},
        {"IpAddr": "localhost"},
        {"CreateDate": "20260230000000"},
        {"CreateDate": "2026-02-03"},
        {"ExpireDate": None},
        {"BankCode": "X"},
        {"SecureHashType": "HMACSHA512"},
    ],
)
def test_a_malformed_field_is_refused(sandbox, change):
    values = pay_fields(**change)
    hash_type = values.pop("vnp_SecureHashType", None)
    url = link(values) + (f"&vnp_SecureHashType={hash_type}" if hash_type else "")

    assert error_code(sandbox.open(url)) == "03"


@pytest.mark.parametrize("amount", ["500000", "99999999900"])
def test_the_lowest_and_the_highest_amount_pass(sandbox, amount):
    assert sandbox.open(link(pay_fields(Amount=amount))).status_code == 200


def test_a_repeated_field_is_refused(sandbox):
    assert error_code(sandbox.open(link(pay_fields()) + "&vnp_Amount=15000000")) == "03"


def test_an_empty_field_is_refused(sandbox):
    assert error_code(sandbox.open(link(pay_fields()) + "&vnp_BankCode=")) == "03"


def test_parameters_of_others_are_ignored(sandbox):
    assert sandbox.open(link(pay_fields()) + "&utm_source=mail").status_code == 200


@pytest.mark.parametrize(
    ("created", "expires"),
    [(-1800, -900), (7 * 3600, 7 * 3600 + 900), (-7 * 3600, -7 * 3600 + 900)],
)
def test_a_link_out_of_its_time_is_refused(sandbox, created, expires):
    values = pay_fields(CreateDate=stamp(created), ExpireDate=stamp(expires))

    assert error_code(sandbox.open(link(values))) == "15"


def test_a_link_that_ends_when_it_begins_is_refused(sandbox):
    moment = stamp()

    values = pay_fields(CreateDate=moment, ExpireDate=moment)

    assert error_code(sandbox.open(link(values))) == "15"


def test_an_unknown_bank_is_refused(sandbox):
    assert error_code(sandbox.open(link(pay_fields(BankCode="NOSUCHBANK")))) == "76"


def test_an_unregistered_return_address_is_refused(strict_sandbox):
    ours = pay_fields(ReturnUrl="https://shop.example/back/")

    assert error_code(strict_sandbox.open(link(pay_fields()))) == "71"
    assert strict_sandbox.open(link(ours)).status_code == 200


def test_another_link_with_a_used_reference_is_refused(sandbox):
    values = pay_fields()
    sandbox.open(link(values))

    answer = sandbox.open(link({**values, "vnp_Amount": "20000000"}))

    assert error_code(answer) == "01"
    assert sandbox.transaction(values["vnp_TxnRef"])["amount"] == 15000000


def test_reloading_an_open_link_shows_the_page_again(sandbox):
    url = link(pay_fields())
    sandbox.open(url)

    assert sandbox.open(url).status_code == 200


def test_a_settled_link_cannot_be_opened_again(sandbox):
    url = link(pay_fields())
    sandbox.pay(url)

    assert error_code(sandbox.open(url)) == "01"


def test_the_error_page_names_the_code_and_nothing_else_it_was_given(sandbox):
    known = sandbox.http.get("/paymentv2/Payment/Error.html?code=70")
    strange = sandbox.http.get("/paymentv2/Payment/Error.html?code=%3Cscript%3E")

    assert "<strong>70</strong>" in known.text
    assert "<strong>99</strong>" in strange.text
    assert "<script>" not in strange.text


def test_a_foreign_host_name_is_not_served(sandbox):
    answer = sandbox.http.get("/control/health", headers={"Host": "evil.example"})

    assert answer.status_code == 400
