from django.db import migrations

from ticketing.database import drop_index


class Migration(migrations.Migration):
    """Codes are never searched by their beginning."""

    atomic = False  # beside the traffic

    dependencies = [
        ("orders", "0009_list_indexes"),
    ]

    operations = [
        drop_index("orders_order_code_20afc605_like", "orders_order (code varchar_pattern_ops)"),
        drop_index("orders_ticket_code_0db5ed34_like", "orders_ticket (code varchar_pattern_ops)"),
    ]
