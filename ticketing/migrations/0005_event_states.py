import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ticketing", "0004_earlier_fraud_states"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="cancellation_request_reason",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="event",
            name="cancellation_requested_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="cancellation_requested_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="fraud_cleared_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="revenue_freeze_lifted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fraud_status", "confirmed"), _negated=True),
                    ("revenue_frozen_at__isnull", False),
                    _connector="OR",
                ),
                name="event_frozen_while_fraud_confirmed",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fraud_status", "none"), _negated=True),
                    ("revenue_frozen_at__isnull", True),
                    _connector="OR",
                ),
                name="event_frozen_for_fraud_only",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fraud_status", "cleared"),
                    ("fraud_cleared_by__isnull", True),
                    _connector="XOR",
                ),
                name="event_cleared_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("revenue_freeze_lifted_by__isnull", True),
                    models.Q(
                        ("fraud_cleared_by__isnull", False),
                        ("revenue_frozen_at__isnull", True),
                        models.Q(
                            ("revenue_freeze_lifted_by", models.F("fraud_cleared_by")),
                            _negated=True,
                        ),
                    ),
                    _connector="OR",
                ),
                name="event_freeze_lifted_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("cancellation_request_reason", ""),
                        ("cancellation_requested_at__isnull", True),
                        ("cancellation_requested_by__isnull", True),
                    ),
                    models.Q(
                        models.Q(("cancellation_request_reason", ""), _negated=True),
                        ("cancellation_requested_at__isnull", False),
                        ("cancellation_requested_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="event_cancellation_request_whole",
            ),
        ),
    ]
