"""A database or cache that is away or full: told quickly, and over when it is back."""

from __future__ import annotations

import time

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from ticketing.connections import close_all_connections

READS = "/api/v1/events/"
WAIT_SECONDS = 1.5


@pytest.fixture(autouse=True)
def _database(transactional_db):
    """Nothing is rolled back over a connection that a test may end."""


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


@pytest.fixture
def pool():
    """A new pool of three connections, of which nobody holds any."""
    options = connection.settings_dict["OPTIONS"]
    usual = options["pool"]
    close_all_connections()
    options["pool"] = {**usual, "max_size": 3, "timeout": WAIT_SECONDS}
    connection.pool.open()
    yield connection.pool
    close_all_connections()
    options["pool"] = usual


@pytest.fixture
def keeper():
    """Somebody at the server who is not in the pool, and opens the database again at the end."""
    where = connection.get_connection_params()
    with psycopg.connect(
        host=where["host"], user=where["user"], dbname="postgres", autocommit=True
    ) as session:
        yield session
        session.execute(f'ALTER DATABASE "{where["dbname"]}" ALLOW_CONNECTIONS true')


def end_all_connections(keeper):
    name = connection.settings_dict["NAME"]
    keeper.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
    )


def allow_connections(keeper, allowed):
    name = connection.settings_dict["NAME"]
    keeper.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {str(allowed).lower()}')


def take_all(pool):
    return [pool.getconn() for _ in range(pool.max_size)]


def give_back(pool, connections):
    for each in connections:
        pool.putconn(each)


def get(client, path):
    """As a web server does, which gives the connection back after each request."""
    answer = client.get(path)
    connection.close()
    return answer


def assert_busy(answer):
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"


def log_in(client):
    body = {"email": "customer@example.com", "password": "does not matter"}
    return client.post("/_allauth/app/v1/auth/login", body, content_type="application/json")


@pytest.mark.parametrize("ask", [lambda client: client.get(READS), log_in])
def test_programs_are_told_when_to_come_back_to_a_full_pool(client, pool, ask):
    held = take_all(pool)
    started = time.monotonic()

    answer = ask(client)

    assert_busy(answer)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "busy"
    assert time.monotonic() - started < WAIT_SECONDS + 5
    give_back(pool, held)
    assert get(client, READS).status_code == 200


def visit(client):
    return client.get(READS, REMOTE_ADDR="203.0.114.7")  # a visitor whose calls are counted


@pytest.mark.parametrize("ask", [visit, log_in])
def test_programs_are_told_when_to_come_back_to_a_cache_that_is_away(client, settings, ask):
    here = settings.CACHES
    redis = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": redis, "LOCATION": "redis://127.0.0.1:9"}}

    answer = ask(client)

    assert_busy(answer)
    assert answer.json()["code"] == "busy"
    settings.CACHES = here
    assert visit(client).status_code == 200


def test_programs_are_told_when_to_come_back_to_a_server_that_may_only_be_read(client, keeper):
    """As a former primary is, and a standby that is about to become one."""
    name = connection.settings_dict["NAME"]
    keeper.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    close_all_connections()
    connection.pool.open()

    answer = sign_up(client)

    keeper.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    close_all_connections()
    connection.pool.open()
    assert_busy(answer)
    assert answer.json()["code"] == "busy"
    assert not User.objects.exists()


def sign_up(client):
    body = {"email": "lan@example.com", "password": "a long one that nobody has stolen yet"}
    return client.post("/_allauth/app/v1/auth/signup", body, content_type="application/json")


def test_people_get_a_page_about_it(client, pool):
    held = take_all(pool)

    answer = client.get("/", headers={"Accept": "text/html"})

    assert_busy(answer)
    assert "Too busy to answer now." in answer.content.decode()
    give_back(pool, held)
    assert get(client, "/").status_code == 200


def test_a_full_pool_is_not_ready(client, pool):
    held = take_all(pool)

    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    give_back(pool, held)
    assert client.get("/readyz").status_code == 200


def test_it_works_again_as_soon_as_the_database_is_back(client, pool, keeper):
    assert get(client, READS).status_code == 200

    allow_connections(keeper, False)
    end_all_connections(keeper)
    outage = [get(client, READS) for _ in range(3)]
    allow_connections(keeper, True)

    for answer in outage:
        assert_busy(answer)
    assert get(client, READS).status_code == 200


def test_one_dead_connection_tells_of_all_the_others(client, pool, keeper):
    give_back(pool, take_all(pool))
    end_all_connections(keeper)

    statuses = [get(client, READS).status_code for _ in range(4)]

    assert statuses == [503, 200, 200, 200]
