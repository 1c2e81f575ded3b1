"""What the stand-ins read from the environment, and the only place that does."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass


class ConfigError(Exception):
    """The environment does not allow a start; the text says which variable and why."""


# Those of the official development server: public, so no secrets, and known for that.
QSTASH_TOKEN = "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0="
QSTASH_CURRENT_SIGNING_KEY = "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r"
QSTASH_NEXT_SIGNING_KEY = "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs"


@dataclass(frozen=True)
class QStashConfig:
    """Settings of the QStash stand-in. The limits are those of the smallest plan."""

    token: str
    current_key: str
    next_key: str
    retry_factor: float
    deduplication_seconds: float
    timeout_seconds: float
    max_retries: int
    max_delay_seconds: float
    max_body_bytes: int
    max_schedules: int


@dataclass(frozen=True)
class Config:
    """Settings of one process. Money limits and field rules are protocol; see `vnpay_fields`."""

    host: str
    port: int
    smtp_port: int
    data_file: str
    tmn_code: str
    hash_secret: str
    ipn_url: str
    ipn_retry_seconds: float
    ipn_attempts: int
    ipn_timeout_seconds: float
    query_window_seconds: float
    refund_seconds: float
    return_hosts: frozenset[str]
    qstash: QStashConfig


def read_config(environ: Mapping[str, str]) -> Config:
    """Build the settings.

    Raises `ConfigError` for a missing credential, a bad number or a host that is not loopback.
    """
    return Config(
        host=_loopback(environ.get("SANDBOX_HOST", "127.0.0.1")),
        port=int(_number(environ, "SANDBOX_PORT", 8001)),
        smtp_port=int(_number(environ, "SANDBOX_SMTP_PORT", 8025)),
        data_file=environ.get("SANDBOX_DATA") or ":memory:",
        tmn_code=_secret(environ, "VNPAY_TMN_CODE"),
        hash_secret=_secret(environ, "VNPAY_HASH_SECRET"),
        ipn_url=environ.get("SANDBOX_IPN_URL") or "http://127.0.0.1:8000/payments/vnpay/ipn/",
        ipn_retry_seconds=_number(environ, "SANDBOX_IPN_RETRY_SECONDS", 300),
        ipn_attempts=int(_number(environ, "SANDBOX_IPN_ATTEMPTS", 10)),
        ipn_timeout_seconds=_number(environ, "SANDBOX_IPN_TIMEOUT_SECONDS", 15),
        query_window_seconds=_number(environ, "SANDBOX_QUERY_WINDOW_SECONDS", 300),
        refund_seconds=_number(environ, "SANDBOX_REFUND_SECONDS", 2),
        return_hosts=frozenset(environ.get("SANDBOX_RETURN_HOSTS", "").replace(",", " ").split()),
        qstash=_read_qstash(environ),
    )


def _read_qstash(environ: Mapping[str, str]) -> QStashConfig:
    current = environ.get("QSTASH_CURRENT_SIGNING_KEY") or QSTASH_CURRENT_SIGNING_KEY
    next_key = environ.get("QSTASH_NEXT_SIGNING_KEY") or QSTASH_NEXT_SIGNING_KEY
    if current == next_key:
        raise ConfigError("QSTASH_NEXT_SIGNING_KEY is the current key: a rotation changes nothing.")
    return QStashConfig(
        token=environ.get("QSTASH_TOKEN") or QSTASH_TOKEN,
        current_key=current,
        next_key=next_key,
        retry_factor=_number(environ, "SANDBOX_QSTASH_RETRY_FACTOR", 1),
        deduplication_seconds=_number(environ, "SANDBOX_QSTASH_DEDUPLICATION_SECONDS", 600),
        timeout_seconds=_number(environ, "SANDBOX_QSTASH_TIMEOUT_SECONDS", 900),
        max_retries=int(_number(environ, "SANDBOX_QSTASH_MAX_RETRIES", 5)),
        max_delay_seconds=_number(environ, "SANDBOX_QSTASH_MAX_DELAY_SECONDS", 7 * 86_400),
        max_body_bytes=int(_number(environ, "SANDBOX_QSTASH_MAX_BODY_BYTES", 1_048_576)),
        max_schedules=int(_number(environ, "SANDBOX_QSTASH_MAX_SCHEDULES", 10)),
    )


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigError(
            f"SANDBOX_HOST is {host!r}: the sandbox moves pretended money and binds loopback only."
        )
    return address


def _secret(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise ConfigError(
            f"{name} is not set: the sandbox needs the credentials our client signs with."
        )
    return value


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(environ.get(name) or default)
    except ValueError:
        raise ConfigError(f"{name} is {environ[name]!r}, not a number.") from None
    if not 0 <= value < float("inf"):
        raise ConfigError(f"{name} is {environ[name]!r}: it must be 0 or more.")
    return value
