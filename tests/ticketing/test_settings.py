"""The settings refuse to start with what would be unsafe, and say what to do."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from math import prod
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = sorted((ROOT / "ticketing" / "settings").glob("*.py"))
PRODUCTION = {
    "SECRET_KEY": "a" * 50,
    "PUBLIC_URL": "https://tickets.example.com",
    "VNPAY_TMN_CODE": "TMN00001",
    "VNPAY_HASH_SECRET": "s" * 32,
    "VNPAY_PAYMENT_URL": "https://pay.example/",
    "VNPAY_API_URL": "https://api.example/",
    "EMAIL_URL": "smtp://mail.example:25",
    "DATABASE_URL": "postgres://ticketing@db/ticketing",
}
QSTASH = {
    "QSTASH_TOKEN": "t" * 40,
    "QSTASH_CURRENT_SIGNING_KEY": "sig_" + "c" * 28,
    "QSTASH_NEXT_SIGNING_KEY": "sig_" + "n" * 28,
}
DOCUMENTED_KEYS = ["sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r", "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs"]


def start(code="", **variables):
    """Load the settings in a process of its own that has just these variables."""
    return subprocess.run(
        [sys.executable, "-c", f"from ticketing import settings\n{code}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(autouse=True)
def _database():
    """Nothing here needs one."""


def test_production_starts_when_everything_is_set():
    assert start(**PRODUCTION).returncode == 0


@pytest.mark.parametrize("name", sorted(set(PRODUCTION) - {"DATABASE_URL"}))
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_secret_stops_the_start_and_is_named(name, value):
    variables = {**PRODUCTION, name: value}
    refused = start(**{key: given for key, given in variables.items() if given is not None})

    assert refused.returncode != 0
    assert f"{name} is not set" in refused.stderr
    assert ".env.example" in refused.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "VNPAY_HASH_SECRET", "QSTASH_CURRENT_SIGNING_KEY"])
def test_a_secret_of_the_sandbox_is_none_in_production(name):
    sandbox = {"SANDBOX": "1", "PUBLIC_URL": "http://127.0.0.1:8000"}
    known = start(f"print(settings.{name})", **sandbox).stdout.strip()

    refused = start(**{**PRODUCTION, **QSTASH, name: known})

    assert known
    assert refused.returncode != 0
    assert f"{name} is known to everybody" in refused.stderr


@pytest.mark.parametrize("name", ["QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"])
@pytest.mark.parametrize("key", DOCUMENTED_KEYS)
def test_a_key_of_qstashs_development_server_is_none_in_production(name, key):
    assert start(**{**PRODUCTION, **QSTASH}).returncode == 0

    refused = start(**{**PRODUCTION, **QSTASH, name: key})

    assert refused.returncode != 0
    assert f"{name} is known to everybody" in refused.stderr


def test_a_next_key_of_qstash_that_is_the_current_one_stops_the_start():
    same = QSTASH["QSTASH_CURRENT_SIGNING_KEY"]

    refused = start(**{**PRODUCTION, **QSTASH, "QSTASH_NEXT_SIGNING_KEY": same})

    assert refused.returncode != 0
    assert "QSTASH_NEXT_SIGNING_KEY is the current key" in refused.stderr


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("filemail://", "/srv/data/mail"),
        ("filemail:////srv/outbox", "/srv/outbox"),
        ("smtp://mail.example:25", "/srv/data/mail"),
    ],
)
def test_mails_in_files_go_where_their_address_says(url, folder):
    variables = {**PRODUCTION, "EMAIL_URL": url, "DATA_DIR": "/srv/data"}

    started = start("print(settings.EMAIL_FILE_PATH)", **variables)

    assert started.stdout.strip() == folder


@pytest.mark.parametrize("url", ["https://tickets.example.com", "http://192.168.1.7:8000"])
def test_the_sandbox_does_not_start_on_a_public_address(url):
    refused = start(SANDBOX="1", PUBLIC_URL=url)

    assert refused.returncode != 0
    assert "SANDBOX is on and PUBLIC_URL is" in refused.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:9", "http://[::1]:8"])
def test_the_sandbox_starts_on_loopback_without_any_secret(url):
    assert start(SANDBOX="1", PUBLIC_URL=url).returncode == 0


CALLS = """
import django
django.setup()
from django.test import Client
client = Client(headers={{"Host": "tickets.example.com"}}, REMOTE_ADDR="203.113.128.7")
for _ in range({calls}):
    print(client.post("{path}", content_type="application/json", secure=True).status_code)
"""


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/_allauth/app/v1/auth/login",
        "/_allauth/app/v1/auth/signup",
        "/_allauth/app/v1/auth/password/reset",
    ],
)
def test_one_address_may_log_in_and_sign_up_as_often_as_it_may_change_anything(path):
    answers = start(
        CALLS.format(path=path, calls=41),
        **PRODUCTION,
        ADDRESS_CHANGES_PER_MINUTE="40",
        DJANGO_SETTINGS_MODULE="ticketing.settings",
    ).stdout.split()

    assert len(answers) == 41
    assert "429" not in answers[:40]
    assert answers[40] == "429"


def test_where_one_address_may_change_least_it_still_logs_in():
    limits = start(
        "print(settings.ACCOUNT_RATE_LIMITS['login_failed'])",
        **PRODUCTION,
        ADDRESS_CHANGES_PER_MINUTE="1",
    )

    assert limits.stdout == "1/m/ip,5/300s/key\n"


def test_few_mails_go_to_one_account_from_wherever_they_are_asked_for():
    limits = start("print(settings.ACCOUNT_RATE_LIMITS['reset_password'])", **PRODUCTION)

    assert limits.stdout == "120/m/ip,5/m/key\n"


LISTS = {
    "ALLOWED_HOSTS": "a.example, b.example,",
    "SECRET_KEY_FALLBACKS": "older, oldest",
    "TRUSTED_PROXIES": "10.0.0.2, 10.1.0.0/16, fd00::/8",
}


@pytest.mark.parametrize(("name", "given"), LISTS.items())
def test_blanks_between_several_values_belong_to_none_of_them(name, given):
    read = start(f"print(','.join(settings.{name}))", **PRODUCTION, **{name: given})

    assert read.stdout.strip() == given.replace(" ", "").strip(",")


@pytest.mark.parametrize("others", ["", "10.0.0.2"])
def test_compose_believes_the_gateway_of_its_network_and_whoever_is_named_besides(others):
    compose = (ROOT / "docker-compose.yml").read_text()
    [gateway] = re.findall(r"gateway: ([0-9.]+)", compose)
    [given] = re.findall(r'TRUSTED_PROXIES: "(.+)"', compose)

    named = given.replace("${TRUSTED_PROXIES:-}", others)
    read = start("print(*settings.TRUSTED_PROXIES)", **PRODUCTION, TRUSTED_PROXIES=named)

    assert read.stdout.split() == [gateway, *others.split()]


@pytest.mark.parametrize("given", ["proxy", "10.0.0.2;10.0.0.3", "10.0.0.1/24", "*"])
def test_a_proxy_whose_address_is_none_stops_the_start(given):
    refused = start(**PRODUCTION, TRUSTED_PROXIES=f"10.0.0.9,{given}")

    assert refused.returncode != 0
    assert f"TRUSTED_PROXIES names {given}: " in refused.stderr


@pytest.mark.parametrize("url", ["https://tickets.example.com", "http://192.168.1.7:8000"])
def test_debugging_does_not_start_on_a_public_address(url):
    refused = start(**{**PRODUCTION, "PUBLIC_URL": url}, DEBUG="on")

    assert refused.returncode != 0
    assert "DEBUG is on" in refused.stderr


SECURE = [
    "PUBLIC_URL", "BACK_OFFICE_URL", "FRONTEND_URL",
    "VNPAY_PAYMENT_URL", "VNPAY_API_URL", "QSTASH_URL",
]  # fmt: skip


@pytest.mark.parametrize("name", SECURE)
def test_passwords_and_tickets_go_in_the_clear_on_loopback_only(name):
    refused = start(**{**PRODUCTION, name: "http://office.example.com"})

    assert refused.returncode != 0
    assert f"{name} is http://office.example.com" in refused.stderr
    assert "https://" in refused.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:9", "http://[::1]:8"])
def test_production_can_be_tried_on_loopback_without_tls(url):
    assert start(**{**PRODUCTION, "PUBLIC_URL": url}, DEBUG="on").returncode == 0


@pytest.mark.parametrize("name", sorted({*SECURE} - {"BACK_OFFICE_URL"}))
@pytest.mark.parametrize("url", ["tickets.example.com", "https://", "ftp://tickets.example.com"])
def test_an_address_that_no_link_can_begin_with_stops_the_start(name, url):
    refused = start(**{**PRODUCTION, name: url})

    assert refused.returncode != 0
    assert f"{name} is {url.rstrip('/')}" in refused.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001/pay", "http://localhost:9001/pay"])
def test_a_stand_in_on_loopback_needs_no_tls(url):
    named = {"VNPAY_PAYMENT_URL": url, "VNPAY_API_URL": url, "QSTASH_URL": url}

    assert start(**{**PRODUCTION, **named}).returncode == 0


def test_the_sandbox_takes_stand_ins_wherever_they_are():
    named = {"VNPAY_PAYMENT_URL": "http://pay:1/", "VNPAY_API_URL": "http://pay:1/"}

    assert start(SANDBOX="on", **named, QSTASH_URL="http://queue:2").returncode == 0


NONSENSE = {
    "PORT": "80a",
    "ORDER_TTL_SECONDS": "-900",
    "RECONCILE_DAYS": "1.5",
    "VNPAY_CONFIRM_ON_RETURN": "of",
    "LOG_LEVEL": "chatty",
    "BUSINESS_TIME_ZONE": "Asia/Saigonn",
}


@pytest.mark.parametrize(("name", "value"), NONSENSE.items())
def test_what_makes_no_sense_stops_the_start_and_is_named(name, value):
    refused = start(**PRODUCTION, **{name: value})

    assert refused.returncode != 0
    assert f"{name} is {value}. Give " in refused.stderr.replace(value.upper(), value)


@pytest.mark.parametrize("at", ["2026-02-30T09:00+07:00", "2999-01-01T09:00+07:00", "yesterday"])
def test_a_moment_of_the_restore_that_can_not_be_is_refused(at):
    refused = start(**PRODUCTION, RESTORED_AT=at)

    assert refused.returncode != 0
    assert "ImproperlyConfigured: RESTORED_AT is " in refused.stderr


@pytest.mark.parametrize(
    "name", [*NONSENSE, "VNPAY_SERVER_IP", "ALLOWED_HOSTS", "CACHES", "TRUSTED_PROXIES"]
)
def test_an_empty_variable_is_as_good_as_none(name):
    """Compose and shells make the one of the other."""
    shown = f"print(settings.{name})"
    usual = start(shown, **PRODUCTION).stdout

    started = start(shown, **PRODUCTION, **{"CACHE_URL" if name == "CACHES" else name: " "})

    assert (started.returncode, started.stdout) == (0, usual)


def test_levels_of_logs_are_read_in_small_letters_too():
    started = start("print(settings.LOGGING['root'])", **PRODUCTION, LOG_LEVEL="debug")

    assert "'level': 'DEBUG'" in started.stdout


def test_another_kind_of_database_is_refused():
    refused = start(**{**PRODUCTION, "DATABASE_URL": "sqlite:///x.db"})

    assert "DATABASE_URL must name a PostgreSQL server" in refused.stderr


@pytest.mark.parametrize("url", ["https://tickets.example.com", "HTTPS://Tickets.example.com"])
def test_https_makes_cookies_and_redirects_safe(url):
    code = "print(settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, "
    code += "settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS > 0, settings.DEBUG)"

    started = start(code, **{**PRODUCTION, "PUBLIC_URL": url})
    assert started.stdout.split() == ["True", "True", "True", "True", "False"]


def test_over_https_browsers_take_our_cookies_from_no_other_host():
    code = "print(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "
    code += "settings.LANGUAGE_COOKIE_NAME)"

    assert all(name.startswith("__Host-") for name in start(code, **PRODUCTION).stdout.split())


def test_djangos_own_deployment_checks_find_nothing():
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **PRODUCTION, "SECRET_KEY": "x7_" + "abcdefgh12" * 6},
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr


def test_the_example_names_every_variable_and_no_other():
    text = "".join(part.read_text() for part in PARTS)
    readers = r"text|flag|number|moment|secret|several|addresses|env\.\w+"
    read = set(re.findall(rf'(?:{readers})\(\s*"([A-Z_]+)"', text))
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))

    assert named == read


def test_the_numbers_of_the_example_are_those_that_hold_without_it():
    text = "".join(part.read_text() for part in PARTS)
    defaults = re.findall(r'number\(\s*"([A-Z_]+)", ([\d *]+)\)', text)
    example = (ROOT / ".env.example").read_text()
    told = dict(re.findall(r"^#([A-Z_]+)=(\d+)$", example, re.MULTILINE))

    hold = {name: prod(map(int, default.split("*"))) for name, default in defaults}
    assert {name: int(value) for name, value in told.items()} == hold


def test_no_part_sets_what_another_one_has_set():
    set_by = Counter(name for part in PARTS for name in names_set_in(part))

    assert "SECRET_KEY" in set_by
    assert [name for name, parts in set_by.items() if parts > 1] == []


def names_set_in(part):
    nodes = ast.walk(ast.parse(part.read_text()))
    return {node.id for node in nodes if isinstance(node, ast.Name) and type(node.ctx) is ast.Store}


def test_the_example_as_it_is_names_what_is_missing():
    example = (ROOT / ".env.example").read_text()
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))

    refused = start(**given)

    assert "SECRET_KEY is not set" in refused.stderr


def test_the_image_can_be_built_with_what_its_one_step_is_given():
    [step] = re.findall(r"^RUN (SECRET_KEY=[^&]+?)python ", (ROOT / "Dockerfile").read_text(), re.M)
    given = dict(re.findall(r"([A-Z_]+)=(\S+)", step))

    started = start(**given)

    assert "DATABASE_URL" in given
    assert started.returncode == 0, started.stderr


def test_staff_without_a_second_factor_is_for_the_sandbox_only():
    refused = start(**PRODUCTION, STAFF_MFA_REQUIRED="off")

    assert "STAFF_MFA_REQUIRED is off" in refused.stderr
    required = "print(settings.STAFF_MFA_REQUIRED)"
    assert start(required, **PRODUCTION).stdout == "True\n"
    assert start(required, SANDBOX="on").stdout == "False\n"


@pytest.mark.parametrize(
    "url",
    [
        "https://tickets.example.com/",
        "http://tickets.example.com:8443",
        "office.example.com",
        "https://office.example.com/admin",
    ],
)
def test_a_host_of_its_own_is_another_than_the_shops(url):
    refused = start(**PRODUCTION, BACK_OFFICE_URL=url)

    assert "Give the back office a host of its own" in refused.stderr
    apart = {**PRODUCTION, "BACK_OFFICE_URL": "https://office.example.com"}
    hosts = start("print(settings.ALLOWED_HOSTS)", **apart)
    assert hosts.stdout == "['tickets.example.com', 'office.example.com']\n"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("", ""),
        ("https://office.example.com", "office.example.com"),
        ("https://Office.Example.com:8443/", "office.example.com"),
    ],
)
def test_the_host_of_the_back_office_is_that_of_its_url(url, host):
    read = start("print(settings.BACK_OFFICE_HOST)", **PRODUCTION, BACK_OFFICE_URL=url)

    assert read.stdout == f"{host}\n"


@pytest.mark.parametrize("value", ["yesterday", "2026-11-21T09:30"])
def test_a_moment_without_its_offset_from_utc_stops_the_start(value):
    refused = start(**PRODUCTION, RESTORED_AT=value)

    assert refused.returncode != 0
    assert "RESTORED_AT is no moment such as 2026-11-21T09:30+07:00" in refused.stderr


def test_a_moment_is_read_with_its_offset():
    read = start("print(settings.RESTORED_AT)", **PRODUCTION, RESTORED_AT="2026-11-21T09:30+07:00")

    assert read.stdout.strip() == "2026-11-21 09:30:00+07:00"
