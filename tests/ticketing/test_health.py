from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_that_knows_no_host_name_is_answered(client, path, settings):
    settings.SECURE_SSL_REDIRECT = True

    answer = client.get(path, headers={"Host": "10.1.2.3"})

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert "no-cache" in answer.headers["Cache-Control"]


def test_without_database_it_is_alive_but_not_ready(client, monkeypatch):
    def refuse(*arguments, **options):
        raise OperationalError("gone")

    with monkeypatch.context() as outage:
        outage.setattr(connection, "cursor", refuse)
        alive, ready = client.get("/healthz"), client.get("/readyz")

    assert alive.status_code == 200
    assert ready.status_code == 503
    assert ready.json() == {"status": "unavailable", "database": "unavailable", "cache": "ok"}


def test_without_cache_it_is_not_ready(client, monkeypatch):
    def refuse(*arguments, **options):
        raise ConnectionError("gone")

    monkeypatch.setattr(cache, "get", refuse)

    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["cache"] == "unavailable"


@pytest.mark.parametrize("method", ["post", "delete"])
def test_probes_only_read(client, method):
    assert getattr(client, method)("/readyz").status_code == 405
