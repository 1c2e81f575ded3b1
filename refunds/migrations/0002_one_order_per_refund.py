from django.db import migrations

from ticketing.database import composite_foreign_key


class Migration(migrations.Migration):
    """A refund takes back tickets of its own order."""

    dependencies = [("refunds", "0001_refunds_tables"), ("orders", "0005_refunds")]

    operations = [
        composite_foreign_key(
            name="refund_ticket_of_refund_order",
            table="refunds_refundticket",
            columns="refund_id, order_id",
            target="refunds_refund",
            target_columns="id, order_id",
        ),
        composite_foreign_key(
            name="refund_ticket_of_order",
            table="refunds_refundticket",
            columns="ticket_id, order_id",
            target="orders_ticket",
            target_columns="id, order_id",
        ),
    ]
