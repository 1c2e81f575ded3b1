from django.db import migrations

from ticketing.database import composite_foreign_key


class Migration(migrations.Migration):
    """An order, its holds, its tickets and their seats share one showing of one event."""

    dependencies = [
        ("orders", "0001_orders_tables"),
        ("ticketing", "0002_seat_rules"),
    ]

    operations = [
        composite_foreign_key(
            name="order_showing_of_event",
            table="orders_order",
            columns="showing_id, event_id",
            target="ticketing_showing",
            target_columns="id, event_id",
        ),
        composite_foreign_key(
            name="hold_showing_of_order",
            table="orders_seathold",
            columns="order_id, showing_id, event_id",
            target="orders_order",
            target_columns="id, showing_id, event_id",
        ),
        composite_foreign_key(
            name="hold_seat_of_showing",
            table="orders_seathold",
            columns="seat_id, showing_id",
            target="ticketing_seat",
            target_columns="id, showing_id",
        ),
        composite_foreign_key(
            name="ticket_showing_of_order",
            table="orders_ticket",
            columns="order_id, showing_id, event_id",
            target="orders_order",
            target_columns="id, showing_id, event_id",
        ),
        composite_foreign_key(
            name="ticket_seat_of_showing",
            table="orders_ticket",
            columns="seat_id, showing_id",
            target="ticketing_seat",
            target_columns="id, showing_id",
        ),
    ]
