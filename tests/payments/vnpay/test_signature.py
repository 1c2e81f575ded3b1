from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qsl

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from payments.vnpay.signature import (
    BadSignature,
    digest,
    signed_query,
    verified_parameters,
    verify_bars,
)
from tests.sandbox.protocol import encode

SECRET = "a-secret-that-only-tests-know"
VALUES = {
    "vnp_TxnRef": "ABC123",
    "vnp_Amount": "15000000",
    "vnp_OrderInfo": "Ve xem ca nhac: hang A, ghe 12",
}
# By hand from section 2.1: sorted, ":" is %3A, "," is %2C, a space is "+".
PLUS = "vnp_Amount=15000000&vnp_OrderInfo=Ve+xem+ca+nhac%3A+hang+A%2C+ghe+12&vnp_TxnRef=ABC123"
PERCENT = PLUS.replace("+", "%20")


def hash_of(text, secret=SECRET):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


def pairs_signed_as(text, values=VALUES, **more):
    return [*values.items(), *more.items(), ("vnp_SecureHash", hash_of(text))]


def is_genuine(pairs):
    try:
        verified_parameters(pairs, SECRET)
    except BadSignature:
        return False
    return True


def test_the_digest_is_hmac_sha512_of_rfc_4231_case_2():
    assert digest("what do ya want for nothing?", "Jefe") == (
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
    )


def test_the_query_that_travels_is_what_was_hashed_and_the_hash():
    assert signed_query(VALUES, SECRET) == f"{PLUS}&vnp_SecureHash={hash_of(PLUS)}"


def test_the_query_has_the_signature_that_another_program_computes():
    assert signed_query({"vnp_Amount": "1000000", "vnp_TmnCode": "TESTTMN1"}, SECRET) == (
        "vnp_Amount=1000000&vnp_TmnCode=TESTTMN1&vnp_SecureHash="
        "818f56cf4c3833b1889f558e56de9f0604ec2c0a34dcf8419ca85b7aae3d5112"
        "59455eb2e53657fcf80e708e2ff11fd9c87581d80fdf741d29bbe14b9f14f8fe"
    )


def test_names_are_sorted_byte_by_byte():
    values = {"vnp_b": "2", "vnp_a": "3", "vnp_B": "1", "vnp_a_": "4", "vnp_a1": "5"}

    query = signed_query(values, SECRET)

    assert [name for name, _ in parse_qsl(query)] == [
        "vnp_B",
        "vnp_a",
        "vnp_a1",
        "vnp_a_",
        "vnp_b",
        "vnp_SecureHash",
    ]


def test_empty_values_neither_travel_nor_count():
    assert signed_query({**VALUES, "vnp_BankCode": ""}, SECRET) == signed_query(VALUES, SECRET)


@pytest.mark.parametrize(
    ("character", "encoded"),
    [
        (" ", "+"),
        ("+", "%2B"),
        ("%", "%25"),
        ("&", "%26"),
        ("=", "%3D"),
        ("/", "%2F"),
        ("#", "%23"),
        ("~", "%7E"),
        ("*", "%2A"),
        ("!", "%21"),
        ("(", "%28"),
        ("'", "%27"),
        ("|", "%7C"),
        ("ễ", "%E1%BB%85"),
        ("🎫", "%F0%9F%8E%AB"),
        ("-_.", "-_."),
        ("aZ09", "aZ09"),
    ],
)
def test_characters_are_encoded_as_section_2_1_says(character, encoded):
    text = f"vnp_OrderInfo={encoded}"

    assert signed_query({"vnp_OrderInfo": character}, SECRET) == (
        f"{text}&vnp_SecureHash={hash_of(text)}"
    )
    assert is_genuine(pairs_signed_as(text, {"vnp_OrderInfo": character}))


@pytest.mark.parametrize("text", [PLUS, PERCENT])
def test_spaces_may_have_been_signed_either_way(text):
    assert verified_parameters(pairs_signed_as(text), SECRET) == VALUES


@pytest.mark.parametrize("wire", [PLUS, PERCENT])
@pytest.mark.parametrize("signed", [PLUS, PERCENT])
def test_what_counts_is_the_decoded_value_not_how_it_travelled(wire, signed):
    query = f"{wire}&vnp_SecureHash={hash_of(signed)}"

    assert verified_parameters(parse_qsl(query), SECRET) == VALUES


@pytest.mark.parametrize("text", [PLUS, f"vnp_1st=&{PLUS}"])
def test_empty_values_may_have_been_signed_or_left_out_and_are_no_news(text):
    pairs = pairs_signed_as(text, vnp_1st="")

    assert verified_parameters(pairs, SECRET) == VALUES


def test_an_empty_value_that_somebody_adds_is_not_passed_on_as_verified():
    pairs = pairs_signed_as(PLUS, vnp_ResponseCode="")

    assert "vnp_ResponseCode" not in verified_parameters(pairs, SECRET)


def test_vnpay_fields_we_never_heard_of_count():
    signed = f"{PLUS}&vnp_Ufo=1"

    assert verified_parameters(pairs_signed_as(signed, vnp_Ufo="1"), SECRET)["vnp_Ufo"] == "1"
    assert not is_genuine(pairs_signed_as(PLUS, vnp_Ufo="1"))
    assert not is_genuine(pairs_signed_as(signed))


def test_parameters_of_others_are_ignored():
    pairs = [("utm_source", "mail"), *pairs_signed_as(PLUS), ("fbclid", "x"), ("fbclid", "y")]

    assert verified_parameters(pairs, SECRET) == VALUES


@pytest.mark.parametrize("name", ["vnp_Amount", "vnp_SecureHash", "vnp_SecureHashType"])
def test_a_repeated_parameter_is_refused_even_with_the_same_value(name):
    pairs = pairs_signed_as(PLUS, vnp_SecureHashType="SHA512")
    repeated = [*pairs, (name, dict(pairs)[name])]

    assert is_genuine(pairs)
    assert not is_genuine(repeated)


def test_the_hash_type_of_older_versions_does_not_count_and_is_not_passed_on():
    pairs = pairs_signed_as(PLUS, vnp_SecureHashType="SHA512")

    assert verified_parameters(pairs, SECRET) == VALUES


def test_the_hash_may_be_in_upper_case():
    assert is_genuine([*VALUES.items(), ("vnp_SecureHash", hash_of(PLUS).upper())])


@pytest.mark.parametrize(
    "given_hash",
    [
        "",
        "0" * 128,
        hash_of(PLUS)[:-1],
        hash_of(PLUS) + "0",
        hash_of(PLUS) + "\n",
        " " + hash_of(PLUS)[1:],
        hash_of(PLUS, "another secret"),
        hashlib.sha512((SECRET + PLUS).encode()).hexdigest(),
        hmac.new(SECRET.encode(), PLUS.encode(), hashlib.sha256).hexdigest(),
        "é" * 128,
    ],
)
def test_any_other_hash_is_refused(given_hash):
    assert not is_genuine([*VALUES.items(), ("vnp_SecureHash", given_hash)])


def test_no_hash_is_refused():
    assert not is_genuine(VALUES.items())


def test_half_a_surrogate_pair_is_a_bad_signature_not_a_fault():
    pairs = pairs_signed_as(PLUS, vnp_Ufo="\ud800")

    with pytest.raises(BadSignature):
        verified_parameters(pairs, SECRET)


names = st.text("ABCxyz019_", min_size=1, max_size=8).map("vnp_".__add__)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
parameters = st.dictionaries(names, texts, min_size=1, max_size=5)


@given(parameters)
def test_any_values_are_signed_as_spelled_out_by_hand_and_come_back_as_they_were(values):
    query = signed_query(values, SECRET)

    assert query == f"{encode(values)}&vnp_SecureHash={hash_of(encode(values))}"
    assert verified_parameters(parse_qsl(query), SECRET) == values


@given(parameters, st.data())
def test_changing_any_character_of_any_value_breaks_the_signature(values, data):
    pairs = parse_qsl(signed_query(values, SECRET))
    at = data.draw(st.integers(0, len(values) - 1))
    name, value = pairs[at]
    spot = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(texts.filter(lambda text: text != value[spot]) | st.just(""))
    pairs[at] = (name, value[:spot] + other + value[spot + 1 :])

    assert not is_genuine(pairs)


@given(parameters, st.data())
def test_renaming_any_parameter_breaks_the_signature(values, data):
    pairs = parse_qsl(signed_query(values, SECRET))
    at = data.draw(st.integers(0, len(values) - 1))
    renamed = data.draw(names | st.just("foreign"))
    assume(renamed not in values)
    pairs[at] = (renamed, pairs[at][1])

    assert not is_genuine(pairs)


@given(parameters, st.data())
def test_taking_any_parameter_away_or_adding_one_breaks_the_signature(values, data):
    pairs = parse_qsl(signed_query(values, SECRET))
    taken = data.draw(st.integers(0, len(values) - 1))
    added = (data.draw(names.filter(lambda name: name not in values)), data.draw(texts))

    assert not is_genuine([*pairs[:taken], *pairs[taken + 1 :]])
    assert not is_genuine([*pairs, added])


@given(parameters, texts.filter(lambda text: text.rstrip("\0") != SECRET))
def test_another_secret_breaks_the_signature(values, secret):
    assert not is_genuine(parse_qsl(signed_query(values, secret)))


def test_bars_join_the_raw_values_empty_ones_too():
    verify_bars(["a b", "", "Tiếng Việt", ""], hash_of("a b||Tiếng Việt|"), SECRET)

    with pytest.raises(BadSignature):
        verify_bars(["a b", "", "Tiếng Việt"], hash_of("a b||Tiếng Việt|"), SECRET)


@pytest.mark.parametrize("given_hash", ["", "0" * 128, "é", "\ud800", hash_of("a|c")])
def test_an_answer_with_any_other_hash_is_refused(given_hash):
    verify_bars(["a", "b"], hash_of("a|b").upper(), SECRET)

    with pytest.raises(BadSignature):
        verify_bars(["a", "b"], given_hash, SECRET)
