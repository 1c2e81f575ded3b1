from django.db import migrations

# Whoever keeps a seat map up to date hears of new names as changes of the seats under them.
NOTE_NAMES = """
CREATE FUNCTION ticketing_area_note_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ticketing_seat SET changed_in = pg_current_xact_id()::text::bigint
        WHERE area_id = NEW.id;
    RETURN NULL;
END $$;
CREATE FUNCTION ticketing_row_note_label() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ticketing_seat SET changed_in = pg_current_xact_id()::text::bigint
        WHERE row_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER area_note_name AFTER UPDATE ON ticketing_area
    FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION ticketing_area_note_name();
CREATE TRIGGER row_note_label AFTER UPDATE ON ticketing_row
    FOR EACH ROW WHEN (OLD.label <> NEW.label) EXECUTE FUNCTION ticketing_row_note_label();
"""
FORGET = """
DROP TRIGGER row_note_label ON ticketing_row;
DROP TRIGGER area_note_name ON ticketing_area;
DROP FUNCTION ticketing_row_note_label();
DROP FUNCTION ticketing_area_note_name();
"""


class Migration(migrations.Migration):
    """A renamed area or row is a change of the seat map."""

    dependencies = [("ticketing", "0002_seat_rules")]

    operations = [migrations.RunSQL(sql=NOTE_NAMES, reverse_sql=FORGET)]
