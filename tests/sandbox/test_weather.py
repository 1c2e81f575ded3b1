from __future__ import annotations

import httpx
import pytest

from tests.sandbox.endpoint import said
from tests.sandbox.protocol import link, pay_fields, query_fields


def code_of(sandbox, values):
    return sandbox.http.post(sandbox.api_url, json=query_fields(values)).json()["vnp_ResponseCode"]


def test_weather_is_shown_as_it_was_set(sandbox):
    sandbox.set_weather(no_ipn=True, api_slow_seconds={"value": 0.5, "times": 3})
    sandbox.set_weather("REF1", wrong_amount=7000)

    assert sandbox.control("GET", "weather") == {
        "global": {
            "no_ipn": {"value": True, "times": None},
            "api_slow_seconds": {"value": 0.5, "times": 3},
        },
        "transactions": {"REF1": {"wrong_amount": {"value": 7000, "times": None}}},
    }
    assert sandbox.control("GET", "weather/REF1") == {
        "wrong_amount": {"value": 7000, "times": None}
    }


def test_a_switch_with_times_wears_off(sandbox):
    sandbox.set_weather(query_99={"value": True, "times": 2})
    values = pay_fields()

    assert [code_of(sandbox, values) for _ in range(3)] == ["99", "99", "91"]
    assert sandbox.control("GET", "weather")["global"] == {}


def test_the_weather_of_one_payment_wins(sandbox):
    own, other = pay_fields(), pay_fields()
    sandbox.set_weather(query_99=True)
    sandbox.set_weather(own["vnp_TxnRef"], query_99=False)

    assert code_of(sandbox, own) == "91"
    assert code_of(sandbox, other) == "99"


def test_null_unsets_a_switch_and_delete_unsets_a_scope(sandbox):
    sandbox.set_weather(no_ipn=True, code_07=True)
    sandbox.set_weather("REF1", no_ipn=True)
    sandbox.set_weather("REF2", no_ipn=True)

    sandbox.set_weather(no_ipn=None)
    sandbox.clear_weather("REF1")

    left = sandbox.control("GET", "weather")
    assert list(left["global"]) == ["code_07"]
    assert list(left["transactions"]) == ["REF2"]
    sandbox.clear_weather()
    assert sandbox.control("GET", "weather") == {"global": {}, "transactions": {}}


@pytest.mark.parametrize(
    "wanted",
    [
        {"no_such_switch": True},
        {"no_ipn": "yes"},
        {"no_ipn": {"value": True, "times": 0}},
        {"api_slow_seconds": -1},
        {"api_slow_seconds": True},
        {"refund_outcome": "lost"},
        {"wrong_amount": 1.5},
        {"code_07": True, "no_ipn": 3},
        [],
    ],
)
def test_a_wrong_switch_changes_nothing(sandbox, wanted):
    answer = sandbox.http.put("/control/weather", json=wanted)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert sandbox.control("GET", "weather")["global"] == {}


def test_the_index_page_lists_payments_and_weather_and_changes_both(sandbox, merchant):
    values = pay_fields()
    ref = values["vnp_TxnRef"]
    sandbox.set_weather(no_ipn=True)
    sandbox.pay(link(values), outcome="fraud")

    sandbox.http.post("/weather", data={"name": "code_07", "value": "true", "times": "2"})
    sandbox.http.post("/weather", data={"name": "no_ipn", "value": ""})
    sandbox.http.post(f"/transactions/{ref}/ipn")
    sandbox.http.post(f"/transactions/{ref}/pay", data={"outcome": "maintenance"})
    shown = sandbox.http.get("/")

    assert ref in shown.text
    assert "75/02" in shown.text
    assert len(merchant.wait_for(2)) == 2
    assert sandbox.control("GET", "weather")["global"] == {"code_07": {"value": True, "times": 2}}


def test_what_the_index_page_shows_is_escaped(sandbox):
    sandbox.set_weather("<script>alert(1)", no_ipn=True)

    shown = sandbox.http.get("/").text

    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown


def test_reset_forgets_everything(sandbox, merchant):
    values = pay_fields()
    sandbox.set_weather(code_07=True)
    merchant.answer = said("97")
    sandbox.pay(link(values))
    merchant.wait_for(1)

    sandbox.reset()

    assert sandbox.control("GET", "transactions") == {"transactions": []}
    assert sandbox.control("GET", "weather") == {"global": {}, "transactions": {}}
    assert sandbox.open(link(values)).status_code == 200


def test_a_line_may_be_cut_any_number_of_times(sandbox):
    values = pay_fields()
    sandbox.pay(link(values))
    sandbox.set_weather(api_down="cut")

    for _ in range(30):
        with pytest.raises(httpx.RemoteProtocolError):
            code_of(sandbox, values)

    sandbox.clear_weather()
    assert code_of(sandbox, values) == "00"
