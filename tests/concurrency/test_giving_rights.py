"""Several machines of a release give the servers their rights at the same time."""

from __future__ import annotations

from django.core.management import call_command

from tests.concurrency.conftest import run_together


def test_who_gives_rights_at_the_same_time_waits_for_the_other():
    def give():
        call_command("grant_rights", to="shop", verbosity=0)

    assert run_together([give] * 20, at_once=4) == {"done": 20}
