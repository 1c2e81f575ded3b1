from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.vnpay.pay import AmountNotAccepted, Attempt, pay_parameters, pay_url
from payments.vnpay.text import from_hundredths, hundredths, order_info, timestamp
from tests.sandbox.protocol import encode, hash_text

CREATED = datetime(2026, 2, 28, 17, 30, 5, 999_999, tzinfo=UTC)
ATTEMPT = Attempt(
    txn_ref="a1b2c3d4e5f6",
    amount=Decimal("150000.00"),
    description="Thanh toán đơn hàng: ABC",
    created_at=CREATED,
    expires_at=CREATED + timedelta(minutes=15),
    customer_address="198.51.100.23",
)


def parameters(config, **changes):
    return pay_parameters(replace(ATTEMPT, **changes), config)


def test_the_link_carries_exactly_the_documented_fields(config):
    assert parameters(config) == {
        "vnp_Version": "2.1.0",
        "vnp_Command": "pay",
        "vnp_TmnCode": "TESTTMN1",
        "vnp_Amount": "15000000",
        "vnp_CurrCode": "VND",
        "vnp_TxnRef": "a1b2c3d4e5f6",
        "vnp_OrderInfo": "Thanh toan don hang: ABC",
        "vnp_OrderType": "other",
        "vnp_Locale": "vn",
        "vnp_ReturnUrl": "https://shop.example/payments/vnpay/return/",
        "vnp_IpAddr": "198.51.100.23",
        "vnp_CreateDate": "20260301003005",
        "vnp_ExpireDate": "20260301004505",
    }


def test_the_link_is_the_page_the_sorted_fields_and_their_signature(config):
    values = parameters(config)

    page, _, query = pay_url(values, config).partition("?")

    text = encode(values)
    assert page == "https://pay.example/paymentv2/vpcpay.html"
    assert query == f"{text}&vnp_SecureHash={hash_text(text)}"
    assert text.startswith("vnp_Amount=15000000&vnp_Command=pay&vnp_CreateDate=20260301003005&")
    assert "vnp_OrderInfo=Thanh+toan+don+hang%3A+ABC&" in text
    assert "vnp_ReturnUrl=https%3A%2F%2Fshop.example%2Fpayments%2Fvnpay%2Freturn%2F&" in text


def test_the_link_does_not_name_the_older_hash_type_nor_the_secret(config):
    url = pay_url(parameters(config), config)

    assert "vnp_SecureHashType" not in url
    assert config.hash_secret not in url


def test_a_chosen_bank_and_language_travel_along(config):
    values = parameters(config, bank_code="VNPAYQR", locale="en")

    sent = dict(parse_qsl(urlsplit(pay_url(values, config)).query))
    assert (sent["vnp_BankCode"], sent["vnp_Locale"]) == ("VNPAYQR", "en")


@pytest.mark.parametrize("bank_code", ["NCB", "VNBANK", "INTCARD", "A" * 20])
def test_bank_codes_are_3_to_20_letters_and_digits(config, bank_code):
    assert parameters(config, bank_code=bank_code)["vnp_BankCode"] == bank_code


@pytest.mark.parametrize("bank_code", ["NC", "A" * 21, "NC B", "NC-B", "NCB\n", "Ngân", "N&B=1"])
def test_anything_else_is_no_bank_code(config, bank_code):
    with pytest.raises(ValueError, match="not a bank code"):
        parameters(config, bank_code=bank_code)


@pytest.mark.parametrize("locale", ["", "vi", "VN", "fr", "vn\n"])
def test_vnpay_speaks_two_languages_only(config, locale):
    with pytest.raises(ValueError, match="speaks vn and en"):
        parameters(config, locale=locale)


@pytest.mark.parametrize(
    ("amount", "sent"),
    [
        ("5000", "500000"),
        ("10000", "1000000"),
        ("150000.00", "15000000"),
        ("1.5E+5", "15000000"),
        ("999999999", "99999999900"),
    ],
)
def test_amounts_travel_as_whole_vnd_times_100(config, amount, sent):
    assert parameters(config, amount=Decimal(amount))["vnp_Amount"] == sent


@pytest.mark.parametrize(
    "amount",
    ["4999", "4999.99", "999999999.01", "1000000000", "0", "-10000", "10000.50", "Infinity"],
)
def test_amounts_that_the_gateway_does_not_take_are_refused_before_the_redirect(config, amount):
    with pytest.raises(AmountNotAccepted):
        parameters(config, amount=Decimal(amount))


def test_the_limits_are_configuration(config):
    narrow = replace(config, least_amount=Decimal(10_000), greatest_amount=Decimal(20_000))

    assert parameters(narrow, amount=Decimal(20_000))["vnp_Amount"] == "2000000"
    for amount in (9_999, 20_001):
        with pytest.raises(AmountNotAccepted):
            parameters(narrow, amount=Decimal(amount))


@given(st.integers(0, 9_999_999_999))
def test_money_comes_back_as_it_was_sent(vnd):
    assert hundredths(Decimal(vnd)) == f"{vnd}00".lstrip("0").rjust(1, "0")
    assert from_hundredths(hundredths(Decimal(vnd))) == vnd


@pytest.mark.parametrize(
    ("moment", "stamp"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "20260101070000"),
        (datetime(2025, 12, 31, 17, 0, 0, tzinfo=UTC), "20260101000000"),
        (datetime(2025, 12, 31, 16, 59, 59, 999_999, tzinfo=UTC), "20251231235959"),
        (datetime(2024, 2, 28, 20, 0, tzinfo=UTC), "20240229030000"),
        (datetime(2026, 7, 1, 12, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")), "20260701120000"),
        (datetime(2026, 7, 1, 12, 0, tzinfo=ZoneInfo("Europe/Berlin")), "20260701170000"),
        (datetime(2026, 1, 1, 12, 0, tzinfo=ZoneInfo("Europe/Berlin")), "20260101180000"),
    ],
)
def test_times_are_fourteen_digits_of_vietnams_clock(moment, stamp):
    assert timestamp(moment) == stamp


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_vietnam_is_always_seven_hours_ahead_of_utc(utc):
    ahead = utc + timedelta(hours=7)

    assert timestamp(utc.replace(tzinfo=UTC)) == ahead.strftime("%Y%m%d%H%M%S")


@pytest.mark.parametrize("which", ["created_at", "expires_at"])
def test_a_time_without_a_zone_is_refused(config, which):
    with pytest.raises(ValueError, match="without a zone"):
        parameters(config, **{which: datetime(2026, 1, 1)})  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Thanh toán đơn hàng", "Thanh toan don hang"),
        ("ĐẶNG Thị Hồng Ước", "DANG Thi Hong Uoc"),
        ("ắằẳẵặ ấầẩẫậ ếềểễệ ốồổỗộ ớờởỡợ ứừửữự ỳýỷỹỵ", "aaaaa aaaaa eeeee ooooo ooooo uuuuu yyyyy"),
        ("Tiê\u0301ng Viê\u0323t", "Tieng Viet"),
        ("Ghế [A-12] & #7", "Ghe A-12 7"),
        ("a~b*c!d(e)f'g|h", "a b c d e f g h"),
        ("  nhiều \t\n  khoảng  ", "nhieu khoang"),
        ("Vé 🎫 xem", "Ve xem"),
        ("giữ: , . _ -", "giu: , . _ -"),
    ],
)
def test_order_texts_are_folded_to_plain_letters(text, folded):
    assert order_info(text) == folded


def test_order_texts_are_cut_at_255_and_do_not_end_in_a_space():
    assert order_info("ễ" * 300) == "e" * 255
    assert order_info("a" * 254 + " b") == "a" * 254


@given(st.text(max_size=400))
def test_an_order_text_is_something_that_every_encoder_agrees_on(text):
    folded = order_info(text)

    assert re.fullmatch(r"[A-Za-z0-9 .,:_-]{0,255}", folded)
    assert "  " not in folded
    assert order_info(folded) == folded


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("2001:0DB8:0000::0001", "2001:db8::1"),
        ("2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222:3333:4444:5555:6666"),
        ("2001:db8::1%eth0", "2001:db8::1"),
        ("2001:db8::1%" + "~" * 60, "2001:db8::1"),
        ("::1", "203.0.113.7"),
        ("", "203.0.113.7"),
        ("unknown", "203.0.113.7"),
        ("8.8.8.8, 9.9.9.9", "203.0.113.7"),
    ],
)
def test_an_address_that_the_field_does_not_take_becomes_ours(config, address, sent):
    assert parameters(config, customer_address=address)["vnp_IpAddr"] == sent
