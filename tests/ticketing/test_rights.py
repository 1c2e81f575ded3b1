"""The servers' account of the database may do what they need, and nothing else.

`tests/product/` runs the whole shop with it, and the tests of pages, payments, refunds and the back
office run with it. Here are what these do not come to, and the refusals.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
from collections import defaultdict
from contextlib import contextmanager

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from django_fsm_log.models import StateLog

from jobs import schedules
from jobs.services import run_due_jobs
from tests.factories import (
    CustomerFactory,
    OrganizerFactory,
    from_now,
    paid_order,
    seats_in_area,
)
from ticketing.deeds import LOGGED_IN, note_deed
from ticketing.rights import TABLES
from ticketing.services import delete_accounts
from ticketing.transition_log import note

HELD = """
SELECT relname, string_agg(privilege_type, ', ')
FROM pg_class, aclexplode(relacl) JOIN pg_roles ON pg_roles.oid = grantee
WHERE rolname = 'server' AND relnamespace = 'public'::regnamespace GROUP BY relname
"""
ROWS = {
    "django_fsm_log_statelog": "state = 'x'",
    "django_admin_log": "object_repr = 'x'",
    "payments_providermessage": "body = '{}'",
    "refunds_refundoverride": "note = 'x'",
}


def run(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


@contextmanager
def serving():
    """Inside, nobody here may do more than the servers."""
    run("SET LOCAL ROLE server")
    yield
    run("RESET ROLE")


@pytest.fixture
def server():
    """The role of the servers."""
    call_command("grant_rights", to="server", verbosity=0)


@pytest.fixture
def boss(client):
    """A platform admin's browser."""
    client.force_login(User.objects.create_superuser("boss", "boss@example.org"))
    return client


def held():
    return {table: set(rights.split(", ")) for table, rights in run(HELD)}


def meant():
    tables = defaultdict(set)
    for right, names in TABLES.items():
        for name in names:
            tables[name] |= set(right.value.split(", "))
    return tables


def test_every_table_has_one_line():
    lines = [name for names in TABLES.values() for name in names]

    assert sorted(lines) == sorted(connection.introspection.table_names())


def test_the_role_gets_what_is_written_and_loses_what_is_not(server):
    assert held() == meant()

    run("GRANT ALL ON ALL TABLES IN SCHEMA public TO server")
    call_command("grant_rights", to="server", verbosity=0)

    assert held() == meant()


def test_the_command_says_what_it_gave(capsys):
    call_command("grant_rights", to="server")

    told = capsys.readouterr().out
    assert "SELECT, INSERT: django_admin_log, django_fsm_log_statelog, payments_provider" in told
    assert "server, which is new, may do that, and no more." in told


@pytest.mark.parametrize("table", ROWS)
@pytest.mark.parametrize("deed", ["UPDATE {table} SET {change}", "DELETE FROM {table}"])
def test_what_is_in_a_log_stays_as_it_is(server, table, deed):
    paid_order()
    note_deed(LOGGED_IN, by=CustomerFactory(), about=User, message="")

    refused(deed.format(table=table, change=ROWS[table]), f"permission denied for table {table}")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM orders_order", "permission denied for table orders_order"),
        ("DELETE FROM payments_payment", "permission denied for table payments_payment"),
        ("TRUNCATE jobs_job", "permission denied for table jobs_job"),
        ("UPDATE django_content_type SET model = 'x'", "permission denied"),
        ("DELETE FROM django_migrations", "permission denied"),
        ("DROP TABLE jobs_job", "must be owner"),
        ("ALTER TABLE jobs_job DISABLE TRIGGER ALL", "must be owner"),
        ("ALTER TABLE orders_order DROP CONSTRAINT order_status_known", "must be owner"),
        ("DROP FUNCTION payments_refuse_change CASCADE", "must be owner"),
        ("CREATE TABLE own ()", "permission denied for schema public"),
        ("SELECT FROM pg_authid", "permission denied for table pg_authid"),
        ("COPY (SELECT 1) TO PROGRAM 'true'", "permission denied to COPY"),
        ("SET session_replication_role = replica", "permission denied to set parameter"),
    ],
)
def test_what_no_server_needs_is_refused(server, statement, told):
    paid_order()

    refused(statement, told)


def refused(statement, told):
    """Without a trace: what was there before is there afterwards."""
    counted = [f"SELECT '{table}', count(*), max({table}::text) FROM {table}" for table in meant()]
    before = run(" UNION ALL ".join(counted))

    with serving(), pytest.raises(ProgrammingError, match=told), transaction.atomic():
        run(statement)

    assert run(" UNION ALL ".join(counted)) == before


def test_all_that_is_done_by_the_clock_is_done(server):
    paid_order()
    with serving():
        for schedule in schedules.declared():
            call_command("run_schedule", schedule.topic)
        outcomes = run_due_jobs()
        call_command("prune_jobs", days=0)
        call_command("verify_invariants")

    assert set(outcomes) == {"done"}


def test_the_first_admin_is_made_with_the_servers_rights(server, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long and quiet night")

    with serving():
        call_command(
            "createsuperuser",
            username="first",
            email="first@example.org",
            interactive=False,
            verbosity=0,
        )

    assert User.objects.get(username="first").is_superuser


def test_probes_are_answered(server, client):
    with serving():
        assert client.get("/readyz").status_code == 200


def test_whoever_asks_for_few_rights_has_no_more(few_rights):
    """As the tests of money, pages and the back office do, but for those of the owner."""
    assert run("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user") == [
        ("shop", False)
    ]


def test_without_a_right_that_is_needed_an_order_is_not_placed(server, api):
    """The other tests would be worth nothing if nobody minded."""
    seat, other = seats_in_area(2)

    def order(seat):
        body = {"showing": seat.showing_id, "seats": [seat.pk]}
        return api.post("/api/v1/orders/", body)

    with serving():
        assert order(seat).status_code == 201
    run("REVOKE INSERT ON orders_seathold FROM server")
    api.raise_request_exception = False
    with serving():
        assert order(other).status_code == 500
    other.refresh_from_db()
    assert other.status == "available"


def test_an_account_that_nothing_names_is_deleted_with_what_is_its_own(server, boss, customer):
    Client().force_login(customer)
    EmailAddress.objects.create(user=customer, email=customer.email)
    OrganizerFactory().members.add(customer)
    page = reverse("admin:auth_user_delete", args=[customer.pk])

    with serving():
        boss.post(page, {"post": "yes"})

    assert not User.objects.filter(pk=customer.pk).exists()
    assert not EmailAddress.objects.filter(email=customer.email).exists()


@pytest.mark.parametrize("in_a_list", [True, False])
def test_an_account_that_the_log_names_is_kept_with_all_that_it_has(server, boss, in_a_list):
    keeper = User.objects.create_user("keeper", "keeper@example.org")
    note(paid_order(), "postpone", by=keeper, at=from_now(), reason="It rains.")
    EmailAddress.objects.create(user=keeper, email=keeper.email)

    page, form = reverse("admin:auth_user_delete", args=[keeper.pk]), {"post": "yes"}
    if in_a_list:
        page = reverse("admin:auth_user_changelist")
        form |= {"action": "delete_selected", "_selected_action": [keeper.pk]}
    with serving():
        answer = boss.post(page, form)

    assert "postpone" in answer.content.decode()
    assert User.objects.filter(pk=keeper.pk).exists()
    assert keeper.emailaddress_set.count() == 1
    assert StateLog.objects.get(transition="postpone").by == keeper
    assert not LogEntry.objects.filter(object_id=str(keeper.pk)).exists()


def bought_something(account):
    paid_order(customer=account)


def logged_in_as_staff(account):
    note_deed(LOGGED_IN, by=account, about=account, message="From 127.0.0.1.")


@pytest.mark.parametrize("in_a_list", [True, False])
@pytest.mark.parametrize("leave_a_trace", [bought_something, logged_in_as_staff])
def test_an_admin_is_told_to_close_an_account_that_has_to_be_kept(boss, leave_a_trace, in_a_list):
    keeper = User.objects.create_user("keeper", "keeper@example.org")
    leave_a_trace(keeper)

    page, form = reverse("admin:auth_user_delete", args=[keeper.pk]), {"post": "yes"}
    if in_a_list:
        page = reverse("admin:auth_user_changelist")
        form |= {"action": "delete_selected", "_selected_action": [keeper.pk]}
    html = boss.post(page, form).content.decode()

    assert "take away “Active”" in html
    assert "permission to delete" not in html.replace("&#x27;", "'")
    assert User.objects.filter(pk=keeper.pk).exists()


def test_the_database_itself_keeps_an_account_that_a_sale_names(server):
    owner = paid_order().customer
    EmailAddress.objects.create(user=owner, email=owner.email)

    with pytest.raises(IntegrityError, match="orders_order"), transaction.atomic():
        delete_accounts(user_ids=[owner.pk])

    assert owner.emailaddress_set.count() == 1


def test_what_follows_in_the_transaction_is_checked_at_its_end_as_ever():
    """And nothing that is checked at its end is checked earlier by rule."""
    account = User.objects.create_user("nobody", "nobody@example.org")

    delete_accounts(user_ids=[account.pk])

    EmailAddress.objects.create(user_id=account.pk, email="x@example.org").delete()
    assert run("SELECT conname FROM pg_constraint WHERE condeferrable AND NOT condeferred") == []


@pytest.mark.parametrize(
    "more",
    [
        "ALTER ROLE server SUPERUSER",
        "ALTER ROLE server CREATEROLE",
        "GRANT pg_read_all_data TO server",
    ],
)
def test_a_role_that_may_do_more_is_refused(more):
    run("CREATE ROLE server")
    run(more)

    with pytest.raises(CommandError, match="server may do more than is granted to it"):
        call_command("grant_rights", to="server")

    assert held() == {}


def test_the_owner_is_refused():
    [(owner,)] = run("SELECT current_user")

    with pytest.raises(CommandError, match="Choose a role of its own"):
        call_command("grant_rights", to=owner)


def test_whoever_owns_a_table_is_refused():
    run("CREATE ROLE server")
    run("GRANT USAGE, CREATE ON SCHEMA public TO server")
    run("ALTER TABLE jobs_job OWNER TO server")

    with pytest.raises(CommandError, match="server may do more than is granted to it"):
        call_command("grant_rights", to="server")


def test_who_owns_nothing_gives_nothing(server):
    with serving(), pytest.raises(CommandError, match="This is for the owner of the tables"):
        call_command("grant_rights", to="another")


def test_a_database_where_everybody_makes_tables_is_refused():
    run("GRANT CREATE ON SCHEMA public TO PUBLIC")

    with pytest.raises(CommandError, match="REVOKE CREATE ON SCHEMA public FROM PUBLIC"):
        call_command("grant_rights", to="server")

    assert run("SELECT 1 FROM pg_roles WHERE rolname = 'server'") == []


def test_the_database_keeps_the_password_as_a_hash(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("quiet-night\n"))

    call_command("grant_rights", to="server", password_stdin=True, verbosity=0)

    [(kept,)] = run("SELECT rolpassword FROM pg_authid WHERE rolname = 'server'")
    kind, rounds_and_salt, keys = kept.split("$")
    rounds, salt = rounds_and_salt.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", b"quiet-night", base64.b64decode(salt), int(rounds))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    assert kind == "SCRAM-SHA-256"
    assert keys.split(":")[0] == base64.b64encode(hashlib.sha256(client_key).digest()).decode()


def test_an_empty_password_is_refused(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))

    with pytest.raises(CommandError, match="no password on standard input"):
        call_command("grant_rights", to="server", password_stdin=True)

    assert run("SELECT 1 FROM pg_roles WHERE rolname = 'server'") == []
