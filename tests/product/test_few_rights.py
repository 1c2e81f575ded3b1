"""Whoever serves is no owner of the tables: see `tests/ticketing/test_rights.py`."""

from __future__ import annotations

import psycopg

SERVING = """
SELECT DISTINCT usename FROM pg_stat_activity
WHERE datname = 'ticketing' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def test_web_relay_and_sweep_use_the_account_of_few_rights(product, buyer):
    buyer.get("events/")
    pid_file = (product.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()

    with psycopg.connect(host=pid_file[4], user="postgres", dbname="ticketing") as owner:
        assert owner.execute(SERVING).fetchall() == [("shop",)]
        assert owner.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'shop'").fetchone() == (
            False,
        )
