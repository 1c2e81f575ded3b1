"""Each index makes every write dearer, so each has to be good for something."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests.factories import CustomerFactory

# Of two alike the shorter; of two equal ones the one that guards nothing.
REPLACED = """
SELECT spare.indexrelid::regclass || ' by ' || other.indexrelid::regclass
FROM pg_index spare JOIN pg_index other
    ON other.indrelid = spare.indrelid AND other.indexrelid <> spare.indexrelid
    AND starts_with(other.indkey::text || ' ', spare.indkey::text || ' ')
    AND starts_with(other.indclass::text || ' ', spare.indclass::text || ' ')
    AND starts_with(other.indoption::text || ' ', spare.indoption::text || ' ')
    AND pg_get_expr(other.indpred, other.indrelid)
        IS NOT DISTINCT FROM pg_get_expr(spare.indpred, spare.indrelid)
JOIN pg_class of_table ON of_table.oid = spare.indrelid
WHERE NOT spare.indisunique AND spare.indexprs IS NULL AND of_table.relname ~ %s
"""
BY_BEGINNING = r"""
SELECT tablename || ': ' || substring(indexdef FROM '\((.*) ') FROM pg_indexes
WHERE indexdef LIKE '%%_pattern_ops%%' AND tablename ~ %s
"""
# What people buy, pay and get back is written with them; memberships are Django's own table.
OURS = r"^(jobs|ticketing|orders|payments|refunds|django_fsm_log)_(?!organizer_members)"


def found(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement, [OURS])
        return [name for (name,) in cursor.fetchall()]


def test_no_index_does_what_another_one_does(db):
    assert found(REPLACED) == []


def test_only_keys_of_jobs_are_searched_by_their_beginning(db):
    """Which a story of an order does, to find its mails."""
    assert found(BY_BEGINNING) == ["jobs_job: key"]


def test_one_index_keeps_keys_of_jobs_unique_and_finds_them_by_their_beginning(db):
    statement = "SELECT indexname FROM pg_indexes WHERE tablename ~ %s AND indexdef LIKE '%%(key%%'"

    assert found(statement) == ["job_key_unique"]


@pytest.mark.parametrize(
    ("index", "few", "order"),
    [("account_of_admin", "is_superuser", "pk"), ("account_of_staff", "is_staff", "username")],
)
def test_those_few_who_decide_are_not_looked_for_among_all_accounts(db, index, few, order):
    CustomerFactory.create_batch(50)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert index in User.objects.filter(**{few: True}).order_by(order).explain()
