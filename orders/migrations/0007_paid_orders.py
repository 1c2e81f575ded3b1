from django.db import migrations, models

AMOUNTS = ["total_amount", "refunded_amount", "refund_reserved_amount"]


class Migration(migrations.Migration):
    """What was paid in some days is read without the rest, and without the rows themselves."""

    dependencies = [
        ("orders", "0006_event_revenue"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                name="order_paid",
                fields=["paid_at"],
                include=["id", "event", *AMOUNTS],
                condition=models.Q(paid_at__isnull=False),
            ),
        ),
    ]
