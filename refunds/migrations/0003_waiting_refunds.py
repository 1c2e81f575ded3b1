from django.db import migrations, models

OPEN = ["requested", "pending_organizer", "pending_admin", "payment_failed"]


class Migration(migrations.Migration):
    """What waits for somebody, and what was asked for lately, is found without reading the rest."""

    dependencies = [
        ("refunds", "0002_one_order_per_refund"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                name="refund_unsettled",
                fields=["status"],
                condition=models.Q(status__in=OPEN),
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(name="refund_requested", fields=["requested_at"]),
        ),
    ]
