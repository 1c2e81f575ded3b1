from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What the back office searches payments and sorts cases by. Selling goes on meanwhile."""

    atomic = False

    dependencies = [("payments", "0005_reported_cases")]

    operations = [
        AddIndexConcurrently(
            "payment",
            models.Index(
                name="payment_transaction_no",
                fields=["provider_transaction_no"],
                condition=~models.Q(provider_transaction_no=""),
            ),
        ),
        AddIndexConcurrently(
            "paymentcase",
            models.Index(name="payment_case_listed", fields=["status", "-opened_at", "-id"]),
        ),
    ]
