from django.db import migrations

# Whoever waits for several seats waits in no order that sales keep to, and whoever has locked them
# keeps buyers from what is free. So one seat brings the news; one that is locked may be left alone
# unless all are.
NOTE_NAMES = """
CREATE OR REPLACE FUNCTION ticketing_area_note_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ticketing_seat SET changed_in = pg_current_xact_id()::text::bigint
    WHERE id = coalesce(
        (SELECT seat.id FROM ticketing_seat seat
            WHERE seat.row_id IN (SELECT id FROM ticketing_row WHERE area_id = NEW.id)
            ORDER BY seat.status = 'available', seat.id LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED),
        (SELECT min(seat.id) FROM ticketing_seat seat
            WHERE seat.row_id IN (SELECT id FROM ticketing_row WHERE area_id = NEW.id)));
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION ticketing_row_note_label() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ticketing_seat SET changed_in = pg_current_xact_id()::text::bigint
    WHERE id = coalesce(
        (SELECT seat.id FROM ticketing_seat seat WHERE seat.row_id = NEW.id
            ORDER BY seat.status = 'available', seat.id LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED),
        (SELECT min(seat.id) FROM ticketing_seat seat WHERE seat.row_id = NEW.id));
    RETURN NULL;
END $$;
"""
ON_EVERY_SEAT = """
CREATE OR REPLACE FUNCTION ticketing_area_note_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ticketing_seat SET changed_in = pg_current_xact_id()::text::bigint
        WHERE area_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION ticketing_row_note_label() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ticketing_seat SET changed_in = pg_current_xact_id()::text::bigint
        WHERE row_id = NEW.id;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """A renamed area or row is a change of one of its seats: the map tells its name with that."""

    dependencies = [("ticketing", "0012_fewer_indexes")]

    operations = [migrations.RunSQL(sql=NOTE_NAMES, reverse_sql=ON_EVERY_SEAT)]
