from django.db import migrations

PROTECT = """
CREATE FUNCTION payments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'provider messages are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER provider_message_append_only
    BEFORE UPDATE OR DELETE ON payments_providermessage
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change();
"""
UNPROTECT = """
DROP TRIGGER provider_message_append_only ON payments_providermessage;
DROP FUNCTION payments_refuse_change();
"""


class Migration(migrations.Migration):
    """What a provider said stays as it was said."""

    dependencies = [("payments", "0001_payments_tables")]

    operations = [migrations.RunSQL(sql=PROTECT, reverse_sql=UNPROTECT)]
