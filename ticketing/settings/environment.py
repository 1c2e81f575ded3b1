"""How the environment is read, and what it says about where this runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.dateparse import parse_datetime

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ON, OFF = ("on", "true", "yes", "y", "ok", "1"), ("off", "false", "no", "n", "0")
# The sandbox's, and those that QStash's documentation prints for its development server.
KNOWN_TO_EVERYBODY = {
    "sandbox-secret-key-that-signs-nothing-of-value",
    "SANDBOXSECRETSANDBOXSECRETSANDBX",
    *("sig_sandbox_current_key", "sig_sandbox_current_key_of_everybody"),
    *("sig_sandbox_next_key", "sig_sandbox_next_key_of_everybody"),
    "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r",  # pragma: allowlist secret
    "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs",  # pragma: allowlist secret
}

env = environ.Env()
env.read_env(BASE_DIR / ".env")  # variables that are already set win


def text(name: str, default: str) -> str:
    """What is empty is as good as not set: compose and shells make the one of the other."""
    return str(env.str(name, default="")).strip() or default


def several(name: str, default: Iterable[str] = ()) -> list[str]:
    """Parted by commas, and maybe blanks."""
    return [each.strip() for each in text(name, ",".join(default)).split(",") if each.strip()]


def addresses(name: str) -> list[str]:
    """Of machines or networks. Of another one nobody would notice that it is never met."""
    given = several(name)
    for each in given:
        try:
            ip_network(each)
        except ValueError as fault:
            raise ImproperlyConfigured(
                f"{name} names {each}: {fault}. Give addresses or networks, such as "
                "10.0.0.2,10.1.0.0/16"
            ) from None
    return given


def flag(name: str, *, default: bool) -> bool:
    given = text(name, "on" if default else "off").lower()
    if given not in ON + OFF:
        raise ImproperlyConfigured(f"{name} is {given}. Give on or off.")
    return given in ON


def number(name: str, default: int) -> int:
    given = text(name, str(default))
    if not given.isdecimal():
        raise ImproperlyConfigured(f"{name} is {given}. Give a whole number.")
    return int(given)


def moment(name: str) -> datetime | None:
    """With its offset from UTC: 2026-11-21T09:30+07:00."""
    given = text(name, "")
    try:
        at = parse_datetime(given)
    except ValueError:  # it looks like one, and there is no such day
        at = None
    if given and (at is None or at.tzinfo is None):
        raise ImproperlyConfigured(f"{name} is no moment such as 2026-11-21T09:30+07:00: {given}")
    return at


def secret(name: str, sandbox_value: str) -> str:
    """A value that production must set; the sandbox has one that is known to everybody."""
    value = text(name, sandbox_value if SANDBOX else "")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it in the environment or in .env (see .env.example), "
            "or start with `make run`, which uses stand-ins and needs no secrets."
        )
    if value in KNOWN_TO_EVERYBODY and not SANDBOX:
        raise ImproperlyConfigured(f"{name} is known to everybody. Set one of your own.")
    return value


def check_address(name: str, url: str, *, may_be_clear: bool = False) -> None:
    """Raise ImproperlyConfigured unless it is a whole address, and nobody between reads along."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ImproperlyConfigured(
            f"{name} is {url}. Give a whole address, such as https://tickets.example.com"
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not may_be_clear:
        raise ImproperlyConfigured(
            f"{name} is {url}. Passwords, tickets and payments would go in the clear: name an "
            "https:// address. In front of the shop itself, a proxy ends TLS."
        )


SANDBOX = flag("SANDBOX", default=False)
DEBUG = flag("DEBUG", default=False)
PORT = number("PORT", 8000)
SANDBOX_PORT = number("SANDBOX_PORT", 8001)
DATA_DIR = Path(text("DATA_DIR", str(BASE_DIR / ".data"))).resolve()
SECRET_KEY = secret("SECRET_KEY", "sandbox-secret-key-that-signs-nothing-of-value")
SECRET_KEY_FALLBACKS = several("SECRET_KEY_FALLBACKS")
PUBLIC_URL = secret("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
FRONTEND_URL = text("FRONTEND_URL", "").rstrip("/")
# of visitors, on pages and in the API together; whole offices and telephone networks share one
ADDRESS_READS_PER_MINUTE = number("ADDRESS_READS_PER_MINUTE", 1200)
ADDRESS_CHANGES_PER_MINUTE = number("ADDRESS_CHANGES_PER_MINUTE", 120)
BACK_OFFICE_URL = text("BACK_OFFICE_URL", "").rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
BACK_OFFICE_HOST = urlsplit(BACK_OFFICE_URL).hostname or ""  # "" while it has none of its own
OUR_HOSTS = [PUBLIC_HOST, *filter(None, [BACK_OFFICE_HOST])]
IS_HTTPS = urlsplit(PUBLIC_URL).scheme == "https"

if SANDBOX and PUBLIC_HOST not in LOOPBACK:
    raise ImproperlyConfigured(
        f"SANDBOX is on and PUBLIC_URL is {PUBLIC_URL}. The stand-ins take play money and known "
        "secrets: run them on 127.0.0.1 only, or turn SANDBOX off."
    )

if DEBUG and PUBLIC_HOST not in LOOPBACK:
    raise ImproperlyConfigured(
        f"DEBUG is on and PUBLIC_URL is {PUBLIC_URL}. Pages of errors would show everybody what "
        "customers sent: debug on 127.0.0.1 only."
    )

check_address("PUBLIC_URL", PUBLIC_URL)
if BACK_OFFICE_URL:
    office = urlsplit(BACK_OFFICE_URL)
    if office.scheme not in ("http", "https") or office.path or BACK_OFFICE_HOST == PUBLIC_HOST:
        raise ImproperlyConfigured(
            f"BACK_OFFICE_URL is {BACK_OFFICE_URL}. Give the back office a host of its own, such "
            "as https://office.example.com, or leave BACK_OFFICE_URL out."
        )
    check_address("BACK_OFFICE_URL", BACK_OFFICE_URL)

if FRONTEND_URL:
    check_address("FRONTEND_URL", FRONTEND_URL, may_be_clear=SANDBOX)

ALLOWED_HOSTS = several("ALLOWED_HOSTS", [*OUR_HOSTS, *(LOOPBACK if SANDBOX else ())])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL, *filter(None, [BACK_OFFICE_URL])]
TRUSTED_PROXIES = addresses("TRUSTED_PROXIES")
