from decimal import Decimal

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import payments.models.reversal


class Migration(migrations.Migration):
    """Reversals: money that goes back, never more than a payment brought, one at a time."""

    dependencies = [
        ("orders", "0005_refunds"),
        ("payments", "0003_reconciliation"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reversal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=30)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=14)),
                ("is_full", models.BooleanField()),
                (
                    "request_id",
                    models.CharField(
                        default=payments.models.reversal.new_request_id, max_length=32, unique=True
                    ),
                ),
                ("reason", models.CharField(max_length=255)),
                ("requested_by", models.CharField(max_length=100)),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("created", "created"),
                            ("sent", "sent"),
                            ("accepted", "accepted"),
                            ("succeeded", "succeeded"),
                            ("rejected", "rejected"),
                            ("unknown", "unknown"),
                        ],
                        default="created",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("request", models.JSONField(blank=True, default=dict)),
                ("provider_transaction_no", models.CharField(blank=True, max_length=50)),
                ("provider_code", models.CharField(blank=True, max_length=50)),
                ("provider_message", models.TextField(blank=True)),
                ("provider_answer", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("called_at", models.DateTimeField(blank=True, null=True)),
                ("was_answered", models.BooleanField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("checks", models.IntegerField(default=0)),
                ("denials", models.IntegerField(default=0)),
                ("unclear_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversals",
                        to="payments.payment",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="reversal_due",
                    ),
                    models.Index(
                        condition=models.Q(("called_at__isnull", False)),
                        fields=["provider", "-called_at"],
                        name="reversal_calls",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["created", "sent", "accepted", "succeeded", "rejected", "unknown"],
                            )
                        ),
                        name="reversal_status_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", Decimal("0"))),
                        name="reversal_amount_positive",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("status__in", ["created", "sent", "accepted", "unknown"])
                        ),
                        fields=("payment",),
                        name="reversal_one_open_per_payment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["succeeded", "rejected"]),
                            ("finished_at__isnull", True),
                            _connector="XOR",
                        ),
                        name="reversal_finished_at_when_final",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("finished_at__isnull", True), ("due_at__isnull", True), _connector="OR"
                        ),
                        name="reversal_due_unless_final",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ["sent", "accepted", "unknown"]), _negated=True
                            ),
                            ("sent_at__isnull", False),
                            _connector="OR",
                        ),
                        name="reversal_sent_at_when_on_the_way",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.RemoveConstraint(
            model_name="providermessage",
            name="provider_message_channel_valid",
        ),
        migrations.AddField(
            model_name="payment",
            name="reversed_amount",
            field=models.DecimalField(
                db_default=Decimal("0"), decimal_places=2, default=Decimal("0"), max_digits=14
            ),
        ),
        migrations.AlterField(
            model_name="providermessage",
            name="channel",
            field=models.CharField(
                choices=[
                    ("pay", "sent to the payment page"),
                    ("return", "browser came back"),
                    ("ipn", "provider called"),
                    ("query", "we asked"),
                    ("refund", "we asked for a refund"),
                    ("answer", "the provider answered"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reversed_amount__gte", Decimal("0")),
                    ("reversed_amount__lte", models.F("amount")),
                ),
                name="payment_reversed_at_most_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="providermessage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("channel__in", ["pay", "return", "ipn", "query", "refund", "answer"])
                ),
                name="provider_message_channel_valid",
            ),
        ),
    ]
