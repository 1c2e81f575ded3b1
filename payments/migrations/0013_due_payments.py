from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Payments to ask about are found without reading all there ever were. Selling goes on."""

    atomic = False

    dependencies = [("payments", "0012_whether_calls_were_believed")]

    operations = [
        AddIndexConcurrently(
            "payment",
            models.Index(
                name="payment_open",
                fields=["id"],
                condition=models.Q(status__in=["pending", "review"]),
            ),
        ),
        AddIndexConcurrently(
            "payment",
            models.Index(
                name="payment_captured",
                fields=["paid_at"],
                condition=models.Q(status="captured"),
            ),
        ),
        AddIndexConcurrently(
            "payment",
            models.Index(
                name="payment_failed",
                fields=["expires_at"],
                condition=models.Q(status="failed"),
            ),
        ),
    ]
