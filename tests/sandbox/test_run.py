"""What `make run` chooses, and what is set already."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from sandbox.run import GREETING, SMTP_PORT, addresses, chosen_environment
from ticketing import demo


@pytest.mark.parametrize("given", ["http://localhost:8123", "http://localhost:8123/"])
def test_calls_of_the_stand_in_arrive_whether_the_public_address_ends_in_a_slash(
    monkeypatch, tmp_path, given
):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PUBLIC_URL", given)

    chosen = chosen_environment()

    assert chosen["SANDBOX_IPN_URL"] == "http://localhost:8123/payments/vnpay/ipn/"
    assert chosen["PUBLIC_URL"] == "http://localhost:8123"


def test_what_is_set_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SANDBOX_IPN_URL", "http://127.0.0.1:9/elsewhere/")
    monkeypatch.setenv("VNPAY_TMN_CODE", "ANOTHER1")

    chosen = chosen_environment()

    assert chosen["SANDBOX_IPN_URL"] == "http://127.0.0.1:9/elsewhere/"
    assert chosen["VNPAY_TMN_CODE"] == "ANOTHER1"


def test_a_second_product_takes_another_port_for_its_mails(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv("EMAIL_URL", raising=False)
    monkeypatch.delenv("SANDBOX_SMTP_PORT", raising=False)

    with socket.socket() as first:
        with suppress(OSError):  # somebody else's, which is as good
            first.bind(("127.0.0.1", SMTP_PORT))
            first.listen()
        chosen = chosen_environment()

    assert int(chosen["SANDBOX_SMTP_PORT"]) not in (0, SMTP_PORT)
    assert chosen["EMAIL_URL"] == f"smtp://127.0.0.1:{chosen['SANDBOX_SMTP_PORT']}"


def test_what_is_not_chosen_is_where_the_readme_says(monkeypatch, tmp_path):
    for name in ("PORT", "SANDBOX_PORT", "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    chosen = chosen_environment()

    assert (chosen["PORT"], chosen["SANDBOX_PORT"]) == ("8000", "8001")
    assert addresses(chosen) == {
        "public": "http://127.0.0.1:8000",
        "sandbox": "http://127.0.0.1:8001",
    }


def test_whoever_runs_it_is_told_where_everything_is_and_who_may_log_in():
    told = GREETING.format(data="/data", public="http://shop", sandbox="http://stand-in")

    for address in (
        "http://shop/",
        "http://shop/api/docs/",
        "http://shop/admin/",
        "http://shop/check-in/",
        "http://stand-in/",
        "http://stand-in/inbox/",
        "/data",
    ):
        assert address in told.replace(".\n", "\n").split()
    for known in (demo.CUSTOMER, demo.ORGANIZER, demo.SUPPORT, demo.ADMIN, demo.PASSWORD):
        assert known in told.split()
