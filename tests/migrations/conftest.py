"""Migrations commit, and change the tables themselves: these tests have databases of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from tests.migrations import everything
from ticketing.connections import close_all_connections

FULL, COPY = "migrations_full", "migrations_copy"


def tell_server(sql: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def working_in(name: str) -> Iterator[None]:
    """Have the product use this database instead of the one of all other tests."""
    usual = connection.settings_dict["NAME"]
    close_all_connections()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        close_all_connections()
        connection.settings_dict["NAME"] = usual


@contextmanager
def copied(original: str, name: str) -> Iterator[None]:
    close_all_connections()  # nobody may be in a database while it is copied
    tell_server(f"DROP DATABASE IF EXISTS {name}")
    tell_server(f"CREATE DATABASE {name} TEMPLATE {original}")
    try:
        yield
    finally:
        tell_server(f"DROP DATABASE {name}")


@pytest.fixture(scope="module")
def _full(django_db_setup, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), copied(connection.settings_dict["NAME"], FULL):
        with working_in(FULL):
            everything.fill()
        yield


@pytest.fixture(autouse=True)
def _database(_full, transactional_db) -> Iterator[None]:
    """Each test has a full database to itself."""
    with copied(FULL, COPY), working_in(COPY):
        yield
