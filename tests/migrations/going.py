"""Going forward and back, with a look at the data before and after each step."""

from __future__ import annotations

from django.core.management import CommandError, call_command
from django.db import connection

from tests.migrations.contents import changes, contents
from ticketing.management.commands.migrate import Command

# What rules of an older version refuse, even of somebody who means to lose facts.
UNKNOWN_EARLIER = {
    "payments.0005_reported_cases": "UPDATE payments_paymentcase "
    "SET kind = 'amount_mismatch', txn_ref = txn_ref || '-' WHERE kind = 'reported'",
    "payments.0004_reversals": "SET session_replication_role = replica; "
    "UPDATE payments_providermessage SET channel = 'query' WHERE channel = 'refund'; "
    "RESET session_replication_role",
    "payments.0003_reconciliation": "UPDATE payments_paymentcase "
    "SET kind = 'late', txn_ref = txn_ref || '--' WHERE kind = 'contradicted'",
}
# What an older version knows under other names.
CALLED_OTHERWISE = {
    "payments.0010_earlier_cases_of_money_given_back": {
        "payments_paymentcase.kind",
        "payments_paymentcase.txn_ref",
        "jobs_job.status",
        "jobs_job.finished_at",
    },
}


class WatchedMigrate(Command):
    """Fails after a step back that has touched what it does not drop."""

    def migration_progress_callback(self, action, migration=None, fake=False):
        super().migration_progress_callback(action, migration, fake)
        if action == "unapply_start":
            self.before = contents()
        elif action == "unapply_success":
            changed = changes(self.before, contents()) - CALLED_OTHERWISE.get(str(migration), set())
            assert changed == set(), f"Undoing {migration} changed them."


def migrate(*target: str, **options: object) -> None:
    call_command(WatchedMigrate(), *target, verbosity=0, interactive=False, **options)


def go_back(app: str, target: str) -> set[str]:
    """Go back whatever is lost; which columns had to be changed first."""
    changed: set[str] = set()
    while True:
        try:
            migrate(app, target, lose_facts=True)
        except CommandError as refusal:
            changed |= _give_up_what_is_unknown_before(str(refusal).partition(":")[0])
        else:
            return changed


def _give_up_what_is_unknown_before(migration: str) -> set[str]:
    before = contents()
    with connection.cursor() as cursor:
        cursor.execute(UNKNOWN_EARLIER[migration])
    changed = changes(before, contents())
    assert changed, f"{migration} can't be undone for another reason."
    return changed
