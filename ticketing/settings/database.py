"""Where data is kept."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import IsolationLevel

from ticketing.settings.environment import DATA_DIR, env, number, text

POOL = {
    "min_size": 0,
    "max_size": number("DATABASE_POOL_SIZE", 16),
    # Then 503: a client that waits holds a thread.
    "timeout": number("DATABASE_WAIT_SECONDS", 3),
    # After a failure a connection is tried once more, then when a request wants it: left to
    # itself, the pool would double its pauses and stay away for minutes after a long outage.
    "reconnect_timeout": 1,
}
CONNECTION = {
    "pool": POOL,
    # Who waited for a lock has to see what its owner did, whatever the server's default is.
    "isolation_level": IsolationLevel.READ_COMMITTED,
    "connect_timeout": 3,
    # A server that is gone without a word is noticed within half a minute, not after hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds
    "prepare_threshold": 5,  # uses, and only through `jobs.prepared`
}


def _database() -> dict[str, Any]:
    """The server `DATABASE_URL` names, or the embedded one; both through psycopg's pool."""
    if not text("DATABASE_URL", ""):
        return {
            "ENGINE": "ticketing.embedded_postgres",
            "NAME": "ticketing",
            "OPTIONS": {**CONNECTION, "data_dir": str(DATA_DIR / "postgres")},
        }
    named: dict[str, Any] = env.db("DATABASE_URL")
    if named["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL server (postgres://…).")
    # An address may set options of its own, but never do without the pool.
    named["OPTIONS"] = {**CONNECTION, **named.get("OPTIONS", {}), "pool": POOL}
    return named


DATABASES = {"default": _database()}

# Unless `CACHE_URL` names one, each process has its own, and limits are counted in each.
CACHES = {"default": env.cache_url_config(text("CACHE_URL", "locmemcache://"))}
