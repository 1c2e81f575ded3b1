"""What the account of web, relay and sweep may do in the database: what they need, and no more.

`manage.py grant_rights` gives it. A table without a line here is out of their reach.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from django.db import DatabaseError, connection, transaction
from psycopg import sql
from psycopg.errors import DuplicateObject, UniqueViolation


class Right(StrEnum):
    """In the words of PostgreSQL."""

    READ = "SELECT"  # filled by `migrate`
    ADD = "SELECT, INSERT"  # stays as it was said
    KEEP = "SELECT, INSERT, UPDATE"  # books are kept from it
    ANY = "SELECT, INSERT, UPDATE, DELETE"


TABLES: dict[Right, list[str]] = {
    Right.READ: ["auth_permission", "django_content_type", "django_migrations"],
    Right.ADD: [
        "django_admin_log", "django_fsm_log_statelog",
        "payments_providermessage", "payments_reconciliationentry",
        "refunds_refundoverride",
    ],
    Right.KEEP: [
        "ticketing_event",
        "orders_order", "orders_seathold", "orders_ticket",
        "payments_payment", "payments_paymentcase", "payments_reconciliation", "payments_reversal",
        "refunds_campaignorder", "refunds_refund", "refunds_refundcampaign", "refunds_refundticket",
    ],
    Right.ANY: [
        "account_emailaddress", "account_emailconfirmation", "mfa_authenticator",
        "auth_group", "auth_group_permissions",
        "auth_user", "auth_user_groups", "auth_user_user_permissions",
        "ticketing_session",
        "ticketing_organizer", "ticketing_organizer_members",
        "ticketing_showing", "ticketing_area", "ticketing_row", "ticketing_seat",
        "ticketing_seatplanupload",
        "jobs_job",
    ],
}  # fmt: skip

# Of a role that could do more than is granted to it here.
ANYTHING = """
SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
    OR EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid)
    OR EXISTS (
        SELECT FROM pg_class
        WHERE relowner = pg_roles.oid AND relnamespace = 'public'::regnamespace
    )
    OR rolname = current_user
FROM pg_roles WHERE rolname = %s
"""
# 7003 is the advisory-lock namespace of it: of two who give rights on a table at once, one fails.
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7003, 0)"
NEW_TABLES = "SELECT has_schema_privilege(%s, 'public', 'CREATE')"


class TooMuch(Exception):
    """The role may do more than it is given here; the message says how to mend that."""


def make_role(role: str) -> bool:
    """Make a role that may log in, unless there is one; say whether it is new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is not None:
            return False
        try:
            # A savepoint: what fails here must not end the caller's transaction.
            with transaction.atomic():
                cursor.execute(_statement("CREATE ROLE {role} LOGIN", role))
        except DatabaseError as refusal:
            if isinstance(refusal.__cause__, DuplicateObject | UniqueViolation):
                return False  # another process made it just now
            raise
    return True


def set_password(role: str, password: str) -> None:
    """The server is told its hash only, which is what its log may then hold."""
    with connection.cursor() as cursor:
        pgconn = cursor.connection.pgconn
        hashed = pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        cursor.execute(
            _statement("ALTER ROLE {role} PASSWORD {hashed}", role, hashed=hashed.decode())
        )


def grant(role: str) -> None:
    """Give a role these rights and take all others from it. In the caller's transaction.

    So who is at work under the role notices nothing. Raises TooMuch for a role that could do more.
    """
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME)
        for statement in _statements(role):
            cursor.execute(statement)
        cursor.execute(ANYTHING, [role])
        if cursor.fetchone() != (False,):
            raise TooMuch(
                f"{role} may do more than is granted to it: as a superuser, as the owner, or by "
                "belonging to another role. Choose a role of its own."
            )
        cursor.execute(NEW_TABLES, [role])
        if cursor.fetchone() != (False,):
            raise TooMuch(
                "Everybody may make tables in this database, as PostgreSQL 14 and older allowed. "
                "End that first: REVOKE CREATE ON SCHEMA public FROM PUBLIC"
            )


def _statements(role: str) -> Iterable[sql.Composed]:
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        yield _statement(f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {{role}}", role)
    yield _statement("REVOKE ALL ON SCHEMA public FROM {role}", role)
    yield _statement("GRANT USAGE ON SCHEMA public TO {role}", role)
    yield sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
        sql.Identifier(connection.settings_dict["NAME"]), sql.Identifier(role)
    )
    for right, tables in TABLES.items():
        yield _statement(f"GRANT {right} ON {', '.join(tables)} TO {{role}}", role)


def _statement(text: str, role: str, **values: str) -> sql.Composed:
    literals = {name: sql.Literal(value) for name, value in values.items()}
    return sql.SQL(text).format(role=sql.Identifier(role), **literals)
