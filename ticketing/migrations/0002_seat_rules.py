from django.db import migrations

from ticketing.database import composite_foreign_key

# Kept by the database, so that no statement that moves seats can forget it.
NOTE_CHANGE = """
CREATE FUNCTION ticketing_seat_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER seat_note_change BEFORE UPDATE ON ticketing_seat
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.number <> NEW.number)
    EXECUTE FUNCTION ticketing_seat_note_change();
"""
FORGET = """
DROP TRIGGER seat_note_change ON ticketing_seat;
DROP FUNCTION ticketing_seat_note_change();
"""


class Migration(migrations.Migration):
    """A seat, its row, its area and its showing belong together; the map sees every change."""

    dependencies = [("ticketing", "0001_ticketing_tables")]

    operations = [
        composite_foreign_key(
            name="seat_row_in_area",
            table="ticketing_seat",
            columns="row_id, area_id",
            target="ticketing_row",
            target_columns="id, area_id",
        ),
        composite_foreign_key(
            name="seat_area_in_showing",
            table="ticketing_seat",
            columns="area_id, showing_id",
            target="ticketing_area",
            target_columns="id, showing_id",
        ),
        migrations.RunSQL(sql=NOTE_CHANGE, reverse_sql=FORGET),
    ]
