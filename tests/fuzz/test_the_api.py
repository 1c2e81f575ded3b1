"""The whole API as it describes itself, and whatever else can be sent to it.

Schemathesis reads the description and tries the running server: each parameter and field at its
limits, left out, of a wrong type; other methods; no token; chains of calls. All its checks are on.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.for_sale import for_sale
from ticketing.invariants import violations

SECONDS = os.environ.get("FUZZ_SECONDS", "")
IN_CI = ["--max-time=40", "--seed=20261121"]  # the same cases each time
OFTEN = 0.7
HOOKS = Path(__file__).with_name("documented_refusals.py")


@pytest.fixture(autouse=True)
def _database(django_db_reset_sequences: None) -> None:
    """Committed, for the server's threads; and with the same ids each time, so the same cases."""


@pytest.fixture
def known():
    return for_sale()


@pytest.fixture
def fuzz(live_server, known, tmp_path, monkeypatch, caplog):
    """Runs Schemathesis with the ids and codes that exist; answers its exit code and report."""
    # A line for each request would bury the report of a failure.
    caplog.set_level(logging.WARNING, logger="ticketing.requests")
    monkeypatch.setattr(
        "ticketing.api.throttling.PerCustomerThrottle.THROTTLE_RATES",
        {"reading": "1000000/min", "changing": "1000000/min"},
    )
    config = tmp_path / "schemathesis.toml"
    config.write_text(configuration(known))

    def run(*options):
        return subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", f"--config-file={config}", "run",
             f"{live_server.url}/api/schema/?format=json", "--checks=all", *options],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip

    return run


def configuration(known) -> str:
    """Real values for the parameters and fields that name something, most of the time."""
    ids = {"known_ids": [known.showing, known.refund], "showings": [known.showing],
           "areas": [known.area], "seats": known.seats, "codes": known.codes,
           "tickets": known.tickets, "slugs": [known.slug]}  # fmt: skip
    places = {"path.id": "known_ids", "path.code": "codes", "path.slug": "slugs",
              "body.showing": "showings", "body.area": "areas", "body.seats[*]": "seats",
              "body.ticket": "tickets", "body.tickets[*]": "tickets"}  # fmt: skip
    lines = [f"hooks = {json.dumps(str(HOOKS))}"]
    lines += [f"headers = {{ Authorization = 'Bearer {known.token}' }}"]
    lines += ["[parameters]"]
    lines += [
        f'"{place}" = {{ dictionary = "{name}", probability = {OFTEN} }}'
        for place, name in places.items()
    ]
    for name, values in ids.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    return "\n".join(lines)


def test_nothing_that_is_sent_breaks_what_the_description_promises(fuzz):
    told = fuzz(*([f"--max-time={SECONDS}"] if SECONDS else IN_CI), "--continue-on-failure")

    if told.returncode:
        pytest.fail(told.stdout + told.stderr, pytrace=False)
    assert not any(violations().values())
