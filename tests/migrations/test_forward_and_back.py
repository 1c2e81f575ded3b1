"""Every migration goes forward and back on a database full of data, and loses no fact unasked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.models import Ticket
from payments.models import PaymentCase
from payments.operations.cases import open_case_of_refund_by_others
from payments.providers import RefundState, RefundWord
from tests.factories import from_now, paid_order
from tests.migrations.conftest import COPY, copied, working_in
from tests.migrations.contents import changes, contents, structure
from tests.migrations.earlier_cases import TURNING, earlier_case, filed, turn
from tests.migrations.everything import OURS, kinds_missing
from tests.migrations.going import go_back, migrate
from tests.rules import broken_rules
from ticketing.models.sessions import Session

# One step further back, tables are dropped that money depends on.
OLDEST_WITH_ALL_TABLES = {
    "refunds": "0001",
    "payments": "0004",
    "orders": "0006",
    "ticketing": "0005",
    "jobs": "0001",
}
BY_OTHERS = RefundWord(RefundState.DONE, Decimal(400_000), "78")


def is_applied(app: str, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM django_migrations WHERE app = %s AND name LIKE %s", [app, f"{name}%"]
        )
        return cursor.fetchone() is not None


@contextmanager
def reader_of(table: str) -> Iterator[None]:
    """Somebody whose transaction has read a table and does not end."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute(f"SELECT FROM {table}")
        yield


def test_the_database_is_full_and_sound():
    assert "\n".join(kinds_missing()) == ""
    assert broken_rules() == {}


def test_what_is_not_dropped_is_as_it_was_after_going_back_and_forward():
    full, built = contents(), structure()

    changed = set()
    for app, oldest in OLDEST_WITH_ALL_TABLES.items():
        changed |= go_back(app, oldest)
    kept = contents()
    _everything_can_go()
    migrate()

    assert changed == {"payments_paymentcase.kind", "payments_paymentcase.txn_ref"}
    assert changes(full, kept) == changed
    assert len(kept) > 0.9 * len(full)
    Job.objects.filter(topic=TURNING, status="pending").delete()  # queued anew each time
    assert changes(kept, contents()) == set()
    assert structure() == built
    assert broken_rules() == {}
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def _everything_can_go() -> None:
    """From where we are on, back to nothing, in another copy."""
    with copied(COPY, "migrations_gone"), working_in("migrations_gone"):
        go_back("ticketing", "zero")
        go_back("jobs", "zero")
        left = [line for line in structure() if any(f"{app}_" in line for app in OURS)]
        assert left == []
        assert "auth_user.id" in contents()


def test_going_back_stops_where_a_fact_would_be_lost():
    before = contents()

    with pytest.raises(CommandError, match=r"lose orders_ticket\.used_by_scan \(1 rows\)"):
        migrate("orders", "0007")

    assert changes(before, contents()) == {"payments_paymentcase.kind"}  # called otherwise there
    assert is_applied("orders", "0008")
    assert not is_applied("orders", "0009")  # nothing was lost by it


def test_a_table_with_rows_is_not_dropped_unasked():
    with pytest.raises(CommandError, match=r"lose ticketing_session \(1 rows\)"):
        migrate("ticketing", "0010")

    assert Session.objects.exists()


def test_going_back_needs_no_leave_where_nothing_is_lost():
    Ticket.objects.update(used_by_scan=None)

    migrate("orders", "0007")

    assert not is_applied("orders", "0008")


def test_a_migration_does_not_keep_buyers_waiting_behind_a_long_transaction():
    with reader_of("refunds_refund"):
        with pytest.raises(CommandError, match="0003_waiting_refunds: somebody else has locked"):
            migrate("refunds", "0002")

        assert is_applied("refunds", "0003")

    migrate("refunds", "0002")

    assert not is_applied("refunds", "0003")
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def test_earlier_cases_about_money_given_back_are_told_apart_and_come_back_together():
    paid, other = (paid_order().payments.get() for _ in range(2))
    earlier = [
        earlier_case(paid, "of a reversal", is_decided=True),
        earlier_case(paid, "of a payment", is_decided=True),
        earlier_case(paid, "of a refund"),
        earlier_case(other, "of a payment"),
    ]
    before = filed(*earlier)
    migrate("payments", "0007")

    migrate()
    at_once = filed(*earlier)
    turn()

    references = ["/r55", "", "/77", ""]
    assert at_once == [("contradicted", reference) for reference in references]
    kinds = ["given_back", "contradicted", "given_back", "contradicted"]
    assert filed(*earlier) == list(zip(kinds, references, strict=True))
    since = open_case_of_refund_by_others(other, BY_OTHERS, from_now())
    migrate("payments", "0007")
    assert filed(*earlier) == before
    assert filed(since) == [("contradicted", "/78")]  # beside the one that is open
    assert not Job.objects.unfinished().filter(topic=TURNING).exists()


def test_going_back_before_they_are_turned_leaves_one_open_case_for_each_refund():
    paid = paid_order().payments.get()
    migrate("payments", "0007")
    earlier = earlier_case(paid, "of a refund")
    migrate()
    told = RefundWord(RefundState.DONE, Decimal(400_000), "77")
    since = open_case_of_refund_by_others(paid, told, from_now())

    # Not watched: here a step changes more than names.
    call_command("migrate", "payments", "0007", verbosity=0, interactive=False)

    assert filed(earlier, since) == [("contradicted", ""), ("contradicted", "")]
    assert list(PaymentCase.objects.open().filter(payment=paid)) == [earlier]
    closed = PaymentCase.objects.get(pk=since.pk)
    logged = StateLog.objects.for_(closed).get(transition="resolve").description
    assert closed.decision == logged == f"Case {earlier.pk} tells of the same refund."
