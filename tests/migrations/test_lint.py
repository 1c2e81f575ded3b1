"""The linter stops what hurts a shop that is open, and nothing else."""

from __future__ import annotations

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader

from tests.migrations import lint

POSITIVE = models.CheckConstraint(condition=models.Q(total_amount__gte=0), name="order_positive")
BY_LANGUAGE = models.Index(fields=["language"], name="order_language")

DANGEROUS = {
    "ban-drop-default": migrations.AddField(
        "order", "channel", models.CharField(max_length=10, default="web")
    ),
    "ban-drop-column": migrations.RemoveField("order", "language"),
    "renaming-column": migrations.RenameField("order", "language", "locale"),
    "renaming-table": migrations.RenameModel("Order", "Purchase"),
    "ban-drop-table": migrations.DeleteModel("Ticket"),
    "adding-not-nullable-field": migrations.AlterField("order", "paid_at", models.DateTimeField()),
    "changing-column-type": migrations.AlterField(
        "order", "language", models.IntegerField(default=0)
    ),
    "require-concurrent-index-creation": migrations.AddIndex("order", BY_LANGUAGE),
    "constraint-missing-not-valid": migrations.AddConstraint("order", POSITIVE),
    "disallowed-unique-constraint": migrations.AddConstraint(
        "order", models.UniqueConstraint(fields=["email"], name="order_email_unique")
    ),
    "adding-foreign-key-constraint": migrations.AddField(
        "ticket", "bought_as", models.ForeignKey("orders.Order", models.PROTECT, null=True)
    ),
}
HARMLESS = [
    migrations.AddField("order", "note", models.TextField(null=True)),
    migrations.AddField("order", "channel", models.CharField(max_length=9, db_default="web")),
    AddConstraintNotValid("order", POSITIVE),
    migrations.CreateModel(
        "Note",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("text", models.TextField()),
            ("order", models.ForeignKey("orders.Order", models.PROTECT)),
        ],
    ),
]


@pytest.fixture(autouse=True)
def _database(db):
    """It reads SQL and changes nothing."""


def dangers(*operations, **attributes):
    """What the linter has against a next migration of orders that does this."""
    kind = type("Migration", (migrations.Migration,), {"operations": operations, **attributes})
    loader = MigrationLoader(connection)
    last = loader.graph.leaf_nodes("orders")[0]
    return lint.dangers(kind("0099_next", "orders"), loader.project_state(last))


@pytest.mark.parametrize("rule", DANGEROUS)
def test_what_hurts_the_version_that_serves_is_refused(rule):
    assert f" {rule} " in dangers(DANGEROUS[rule])


@pytest.mark.parametrize("operation", HARMLESS, ids=lambda each: each.describe())
def test_what_does_not_is_taken(operation):
    assert dangers(operation) == ""


def test_an_index_is_built_beside_the_traffic(transactional_db):
    build = AddIndexConcurrently("order", BY_LANGUAGE)

    assert dangers(build, atomic=False) == ""


def test_a_reason_excuses_from_the_rule_it_names_and_from_no_other():
    drop, index = DANGEROUS["ban-drop-column"], migrations.AddIndex("order", BY_LANGUAGE)
    reason = {"ban-drop-column": "Nobody has read it since the last version."}

    told = dangers(index, drop, safe_because=reason)

    assert "require-concurrent-index-creation" in told
    assert "ban-drop-column" not in told
    assert dangers(drop, safe_because=reason) == ""


def test_every_migration_since_the_first_release_is_bound():
    next_one = migrations.Migration("0099_next", "orders")
    first, others = (migrations.Migration("0001_first", app) for app in ("orders", "auth"))

    assert [lint.is_bound(each) for each in (next_one, first, others)] == [True, False, False]
