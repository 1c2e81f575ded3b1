"""`verify_invariants` finds what it is there to find: each rule of money is broken on purpose."""

from __future__ import annotations

import pytest
from django.db import connection

from payments.invariants import RULES
from tests.factories import PaymentFactory, paid_order
from tests.payments.reversed import broken_rules, decide, give_back
from tests.payments.test_reconcile_runs import BREAKAGES as OF_A_RUN
from tests.ticketing.event_states import new_admin
from tests.ticketing.test_invariants import BREAKAGES as OF_ATTEMPTS
from ticketing.invariants import violations


@pytest.fixture
def world():
    """Of three payments a part is going back, all went back, and nothing; a fourth is tried."""
    boss = new_admin()
    some, everything, nothing = (paid_order().payments.get() for _ in range(3))
    give_back(some, 400_000)
    decide(give_back(everything), succeeded=True, by=boss)
    decide(give_back(nothing), succeeded=False, by=boss)
    PaymentFactory()
    assert broken_rules() == {}


BREAKAGES = [
    (
        "payment_captured_money_waits_for_settling_only",
        "UPDATE payments_payment SET status = 'captured', paid_at = now() WHERE status = 'pending'",
        "DELETE FROM jobs_job",
    ),
    (
        "payment_txn_ref_unique",
        "ALTER TABLE payments_payment DROP CONSTRAINT payments_payment_txn_ref_key",
        "UPDATE payments_payment SET txn_ref = 'the same'",
    ),
    (
        "payment_reversed_amount_is_that_of_its_reversals",
        "UPDATE payments_payment SET reversed_amount = 0",
    ),
    (
        "payment_reversed_amount_is_that_of_its_reversals",
        "UPDATE payments_payment SET reversed_amount = 1 WHERE reversed_amount = 0",
    ),
    ("reversals_within_their_payment", "UPDATE payments_reversal SET amount = 100 * amount"),
    (
        "reversal_of_captured_money_only",
        "UPDATE payments_payment SET status = 'failed', paid_at = NULL",
    ),
    ("reversal_of_captured_money_only", "UPDATE payments_reversal SET provider = 'another'"),
    (
        "reversal_one_open",
        "DROP INDEX reversal_one_open_per_payment",
        "UPDATE payments_reversal SET status = 'created', finished_at = NULL,"
        " payment_id = (SELECT min(payment_id) FROM payments_reversal)",
    ),
    (
        "reversal_full_is_alone",
        "UPDATE payments_reversal SET is_full = true WHERE status = 'created'",
        "UPDATE payments_payment SET reversed_amount = amount WHERE reversed_amount > 0",
    ),
    (
        "reversal_full_is_alone",
        "UPDATE payments_payment SET reversed_amount = amount - 1 WHERE reversed_amount > 0",
    ),
    (
        "reversal_ended_when_final",
        "ALTER TABLE payments_reversal DROP CONSTRAINT reversal_finished_at_when_final",
        "UPDATE payments_reversal SET finished_at = NULL",
    ),
    (
        "reversal_ended_when_final",
        "ALTER TABLE payments_reversal DROP CONSTRAINT reversal_due_unless_final",
        "UPDATE payments_reversal SET due_at = now()",
    ),
    ("reversal_open_goes_on_or_waits_for_a_person", "UPDATE payments_reversal SET due_at = NULL"),
    (
        "reversal_number_once",
        "UPDATE payments_reversal SET provider_transaction_no = '14226113',"
        " payment_id = (SELECT min(payment_id) FROM payments_reversal)",
    ),
    ("reversal_status_logged", "DELETE FROM django_fsm_log_statelog"),
]
OF_AN_ENDED_ORDER = "payment_captured_money_is_kept_or_owed"  # in tests/ticketing


def test_every_rule_of_money_is_broken_somewhere():
    here = {rule for rule, *_ in BREAKAGES}

    assert {rule.name for rule in RULES} <= {*here, *OF_A_RUN, *OF_ATTEMPTS, OF_AN_ENDED_ORDER}


@pytest.mark.owner
@pytest.mark.parametrize(("rule", "statements"), [(rule, way) for rule, *way in BREAKAGES])
def test_a_broken_rule_is_found(world, rule, statements):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in statements:
            cursor.execute(statement)

    assert violations()[rule] > 0
