from __future__ import annotations

import time

import pytest

from tests.sandbox.protocol import link, pay_fields, read_signed, stamp
from tests.sandbox_process import TMN_CODE, wait_until

SUCCESSFUL = [
    ("9704198526191432198", "NCB", "ATM"),
    ("4456530000001005", "VISA", "VISA"),
    ("4456530000001096", "VISA", "VISA"),
    ("5200000000001005", "MASTERCARD", "MASTERCARD"),
    ("5200000000001096", "MASTERCARD", "MASTERCARD"),
    ("3337000000000008", "JCB", "JCB"),
    ("3337000000200004", "JCB", "JCB"),
    ("9704000000000018", "NAPAS", "ATM"),
    ("9704020000000016", "NAPAS", "ATM"),
    ("9704310005819191", "EXIMBANK", "ATM"),
    ("VNPAYQR", "NCB", "QRCODE"),
]
REFUSED = [
    ("9704195798459170488", "51"),
    ("9704192181368742", "09"),
    ("9704193370791314", "12"),
    ("9704194841945513", "99"),
]
FAILING = [
    ("not_registered", "09"),
    ("wrong_details", "10"),
    ("expired", "11"),
    ("locked", "12"),
    ("wrong_otp", "13"),
    ("cancel", "24"),
    ("insufficient", "51"),
    ("limit", "65"),
    ("maintenance", "75"),
    ("wrong_password", "79"),
    ("other", "99"),
]


def result(returned):
    return returned["vnp_ResponseCode"], returned["vnp_TransactionStatus"]


def called_about(merchant, values):
    """The first call about a payment; a merchant that is slow to answer is called again."""

    def found():
        return [each for each in list(merchant.deliveries) if values["vnp_TxnRef"] in each.path]

    wait_until(found, seconds=10, what="the IPN")
    return found()[0]


@pytest.mark.parametrize(("card", "bank", "card_type"), SUCCESSFUL)
def test_a_good_card_pays(sandbox, card, bank, card_type):
    values = pay_fields()

    returned = read_signed(sandbox.pay(link(values), card=card)["return_url"])

    assert result(returned) == ("00", "00")
    assert returned["vnp_TmnCode"] == TMN_CODE
    assert returned["vnp_TxnRef"] == values["vnp_TxnRef"]
    assert returned["vnp_Amount"] == values["vnp_Amount"]
    assert returned["vnp_OrderInfo"] == values["vnp_OrderInfo"]
    assert (returned["vnp_BankCode"], returned["vnp_CardType"]) == (bank, card_type)
    assert returned["vnp_TransactionNo"].isdigit()
    assert returned["vnp_TransactionNo"] != "0"
    assert returned["vnp_BankTranNo"]
    assert len(returned["vnp_PayDate"]) == 14


@pytest.mark.parametrize(("card", "code"), REFUSED)
def test_a_bad_card_fails_with_its_code(sandbox, card, code):
    returned = read_signed(sandbox.pay(link(pay_fields()), card=card)["return_url"])

    assert result(returned) == (code, "02")
    assert returned["vnp_TransactionNo"] == "0"
    assert "vnp_BankTranNo" not in returned


@pytest.mark.parametrize(("outcome", "code"), FAILING)
def test_a_failure_can_be_chosen_by_name(sandbox, outcome, code):
    returned = read_signed(sandbox.pay(link(pay_fields()), outcome=outcome)["return_url"])

    assert result(returned) == (code, "02")
    assert returned["vnp_TransactionNo"] == "0"


def test_a_cancelled_payment_has_no_bank_and_no_number(sandbox):
    returned = read_signed(sandbox.pay(link(pay_fields()), outcome="cancel")["return_url"])

    assert returned["vnp_BankCode"] == "VNPAY"
    assert returned["vnp_TransactionNo"] == "0"
    assert not {"vnp_BankTranNo", "vnp_PayDate", "vnp_CardType"} & returned.keys()


@pytest.mark.parametrize(
    ("outcome", "codes"),
    [("fraud", ("07", "07")), ("reversed", ("99", "04")), ("unfinished", ("00", "01"))],
)
def test_money_in_doubt_has_a_number(sandbox, outcome, codes):
    returned = read_signed(sandbox.pay(link(pay_fields()), outcome=outcome)["return_url"])

    assert result(returned) == codes
    assert returned["vnp_TransactionNo"] != "0"


def test_a_suspected_payment_can_be_cleared_under_its_number(sandbox):
    values = pay_fields()
    suspected = read_signed(sandbox.pay(link(values), outcome="fraud")["return_url"])

    cleared = read_signed(sandbox.decide(values["vnp_TxnRef"])["return_url"])

    assert result(cleared) == ("00", "00")
    assert cleared["vnp_TransactionNo"] == suspected["vnp_TransactionNo"]


def test_who_leaves_is_reported_to_nobody_and_can_come_back(sandbox, merchant):
    values = pay_fields()

    left = sandbox.pay(link(values), outcome="left")

    assert left["return_url"] is None
    assert left["transaction"]["status"] == "01"
    assert left["transaction"]["ipn"] == []

    assert result(read_signed(sandbox.decide(values["vnp_TxnRef"])["return_url"])) == ("00", "00")
    assert len(merchant.wait_for(1)) == 1


def test_a_settled_payment_cannot_be_paid_again(sandbox):
    values = pay_fields()
    sandbox.pay(link(values))

    answer = sandbox.http.post(
        f"/control/transactions/{values['vnp_TxnRef']}/pay", json={"outcome": "cancel"}
    )

    assert answer.status_code == 409
    assert sandbox.transaction(values["vnp_TxnRef"])["status"] == "00"


def test_an_unopened_link_and_an_unknown_outcome_are_refused(sandbox):
    values = pay_fields()
    path = f"/control/transactions/{values['vnp_TxnRef']}/pay"

    assert sandbox.http.post(path, json={"outcome": "success"}).status_code == 404
    sandbox.open(link(values))
    assert sandbox.http.post(path, json={"outcome": "miracle"}).status_code == 400


def test_a_faulty_link_cannot_be_paid_and_says_why(sandbox):
    answer = sandbox.http.post(
        "/control/pay",
        json={"payment_url": link(pay_fields(BankCode="NOSUCHBANK")), "outcome": "success"},
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "76"
    assert answer.json()["error_url"] == "/paymentv2/Payment/Error.html?code=76"


def test_paying_after_the_window_fails_unless_the_bank_was_only_slow(sandbox):
    expired, slow = (pay_fields(ExpireDate=stamp(3)) for _ in range(2))
    sandbox.open(link(expired))
    sandbox.open(link(slow))
    wait_until(lambda: stamp() > slow["vnp_ExpireDate"], seconds=15, what="the expiry")

    refused = read_signed(sandbox.decide(expired["vnp_TxnRef"])["return_url"])
    paid = read_signed(sandbox.decide(slow["vnp_TxnRef"], late=True)["return_url"])

    assert result(refused) == ("11", "02")
    assert result(paid) == ("00", "00")


def test_the_form_on_the_page_pays_and_sends_the_browser_back(sandbox, merchant):
    values = pay_fields()
    sandbox.open(link(values))

    form = {"txn_ref": values["vnp_TxnRef"], "choice": "9704198526191432198"}
    answer = sandbox.http.post("/paymentv2/vpcpay.html", data=form)
    again = sandbox.http.post("/paymentv2/vpcpay.html", data={**form, "cancel": "1"})

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{values['vnp_ReturnUrl']}?vnp_Amount=")
    assert result(read_signed(answer.headers["Location"])) == ("00", "00")
    assert again.headers["Location"] == answer.headers["Location"]
    assert len(merchant.wait_for(1)) == 1


def test_the_cancel_button_wins_over_a_chosen_card(sandbox):
    values = pay_fields()
    sandbox.open(link(values))

    form = {"txn_ref": values["vnp_TxnRef"], "choice": "9704198526191432198", "cancel": "1"}
    answer = sandbox.http.post("/paymentv2/vpcpay.html", data=form)

    assert result(read_signed(answer.headers["Location"])) == ("24", "02")


def test_a_return_address_with_a_query_keeps_it(sandbox):
    values = pay_fields(ReturnUrl="http://127.0.0.1:9/back/?shop=1")

    url = sandbox.pay(link(values))["return_url"]

    assert url.startswith("http://127.0.0.1:9/back/?shop=1&vnp_Amount=")


def test_a_lost_return_leaves_the_browser_on_a_page(sandbox, merchant):
    values = pay_fields()
    sandbox.set_weather(return_lost=True)
    sandbox.open(link(values))

    form = {"txn_ref": values["vnp_TxnRef"], "choice": "9704198526191432198"}
    answer = sandbox.http.post("/paymentv2/vpcpay.html", data=form)

    assert answer.status_code == 200
    assert "Mất kết nối" in answer.text
    assert sandbox.transaction(values["vnp_TxnRef"])["status"] == "00"
    assert called_about(merchant, values)


@pytest.mark.parametrize(("weather", "reported"), [(True, 15100000), (70000, 7000000)])
def test_a_wrong_amount_is_signed_and_stays_out_of_the_books(sandbox, merchant, weather, reported):
    values = pay_fields()
    sandbox.set_weather(wrong_amount=weather)

    returned = read_signed(sandbox.pay(link(values))["return_url"])
    called = read_signed(merchant.wait_for(1)[0].path)

    assert returned["vnp_Amount"] == str(reported)
    assert called["vnp_Amount"] == str(reported)
    assert sandbox.transaction(values["vnp_TxnRef"])["amount"] == 15000000


def test_suspicious_weather_turns_success_into_07(sandbox):
    sandbox.set_weather(code_07=True)

    success = read_signed(sandbox.pay(link(pay_fields()))["return_url"])
    failure = read_signed(sandbox.pay(link(pay_fields()), outcome="cancel")["return_url"])

    assert result(success) == ("07", "07")
    assert result(failure) == ("24", "02")


def test_numbers_grow_over_a_reset(sandbox):
    first = sandbox.pay(link(pay_fields()))["transaction"]["transaction_no"]
    sandbox.reset()
    second = sandbox.pay(link(pay_fields()))["transaction"]["transaction_no"]

    assert int(second) > int(first)
    assert len(second) <= 15
    assert abs(int(second) / 1000 - time.time()) < 60


def test_many_links_can_be_paid_in_one_request(sandbox, merchant):
    many = [pay_fields() for _ in range(3)]

    answer = sandbox.control(
        "POST",
        "pay-many",
        {"payment_urls": [link(values) for values in many], "outcome": "success"},
    )

    for values in many:
        paid = sandbox.transaction(values["vnp_TxnRef"])
        assert (paid["status"], paid["response_code"]) == ("00", "00")
        assert answer["paid"][values["vnp_TxnRef"]] == paid["transaction_no"]
        assert called_about(merchant, values)


def test_of_many_links_a_forged_one_is_refused_and_not_paid(sandbox):
    honest, forged = pay_fields(), pay_fields()
    links = [link(honest), link(forged).replace(forged["vnp_Amount"], "100")]

    answer = sandbox.http.post(
        "/control/pay-many", json={"payment_urls": links, "outcome": "success"}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "70")
    assert sandbox.transaction(honest["vnp_TxnRef"])["status"] == "00"
    assert sandbox.http.get(f"/control/transactions/{forged['vnp_TxnRef']}").status_code == 404
