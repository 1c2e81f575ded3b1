import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    """Reports of comparing payments with the providers' word, and cases of contradiction."""

    dependencies = [
        ("payments", "0002_provider_messages_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField(db_index=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("complete", "everything due was asked about"),
                            ("limit", "the limit was reached; more is due"),
                            ("silence", "the provider was silent; the rest waits for the next run"),
                        ],
                        max_length=20,
                    ),
                ),
                ("asked", models.IntegerField(default=0)),
                ("agreed", models.IntegerField(default=0)),
                ("repaired", models.IntegerField(default=0)),
                ("cases", models.IntegerField(default=0)),
                ("unanswered", models.IntegerField(default=0)),
                ("failed", models.IntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended__in", ["complete", "limit", "silence"]),
                            ("finished_at__isnull", True),
                            _connector="XOR",
                        ),
                        name="reconciliation_end_when_finished",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "asked",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("agreed"), "+", models.F("repaired")
                                        ),
                                        "+",
                                        models.F("cases"),
                                    ),
                                    "+",
                                    models.F("unanswered"),
                                ),
                            )
                        ),
                        name="reconciliation_counts_each_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("agreed__gte", 0),
                            ("cases__gte", 0),
                            ("repaired__gte", 0),
                            ("unanswered__gte", 0),
                            ("failed__gte", 0),
                        ),
                        name="reconciliation_counts_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReconciliationEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "had",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("captured", "captured"),
                            ("failed", "failed"),
                            ("review", "in review"),
                        ],
                        max_length=50,
                    ),
                ),
                (
                    "has",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("captured", "captured"),
                            ("failed", "failed"),
                            ("review", "in review"),
                        ],
                        max_length=50,
                    ),
                ),
                ("said", models.TextField(blank=True)),
                (
                    "done",
                    models.CharField(
                        choices=[
                            ("repaired", "repaired"),
                            ("case", "a case tells of it"),
                            ("unanswered", "no final answer"),
                            ("failed", "the comparison failed"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.paymentcase",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reconciliations",
                        to="payments.payment",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="payments.reconciliation",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "reconciliation entries",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("done__in", ["repaired", "case", "unanswered", "failed"])
                        ),
                        name="reconciliation_done_valid",
                    ),
                    models.UniqueConstraint(
                        fields=("run", "payment"), name="reconciliation_entry_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("done", "case"), _negated=True),
                            ("case__isnull", False),
                            _connector="OR",
                        ),
                        name="reconciliation_case_named",
                    ),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="paymentcase",
            name="payment_case_kind_valid",
        ),
        migrations.AddField(
            model_name="payment",
            name="reconciled_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="paymentcase",
            name="kind",
            field=models.CharField(
                choices=[
                    ("late", "money came after the order had ended"),
                    ("duplicate", "the order was paid a second time"),
                    ("amount_mismatch", "another amount than asked for"),
                    ("suspected_fraud", "the provider suspects fraud"),
                    ("unknown_reference", "a payment nobody here asked for"),
                    ("orphaned", "the provider never said what became of it"),
                    ("contradicted", "captured here, and the provider says otherwise now"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddIndex(
            model_name="paymentcase",
            index=models.Index(fields=["txn_ref"], name="payment_case_of_reference"),
        ),
        migrations.AddConstraint(
            model_name="paymentcase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "late",
                            "duplicate",
                            "amount_mismatch",
                            "suspected_fraud",
                            "unknown_reference",
                            "orphaned",
                            "contradicted",
                        ],
                    )
                ),
                name="payment_case_kind_valid",
            ),
        ),
    ]
