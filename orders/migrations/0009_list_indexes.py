from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    """What the back office sorts and searches orders by. Selling goes on meanwhile."""

    atomic = False

    dependencies = [("orders", "0008_ticket_used_by_scan")]

    operations = [
        AddIndexConcurrently(
            "order", models.Index(name="order_created_at", fields=["created_at", "id"])
        ),
        AddIndexConcurrently("order", models.Index(Upper("email"), name="order_email")),
    ]
