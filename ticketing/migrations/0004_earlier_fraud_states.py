from django.db import migrations

# Until now no transition led to these states: somebody wrote them by hand, and nothing says who.
FREEZE = """
UPDATE ticketing_event SET revenue_frozen_at = now()
WHERE fraud_status = 'confirmed' AND revenue_frozen_at IS NULL
"""
# `verify_invariants` wants a row of the log for each state but the first.
EXPLAIN = """
INSERT INTO django_fsm_log_statelog
    (timestamp, source_state, state, transition, content_type_id, object_id, description)
SELECT now(), 'none', e.fraud_status, 'investigate', t.id, e.id,
    'It was in this state before changes of it were logged.'
FROM ticketing_event e
JOIN django_content_type t ON t.app_label = 'ticketing' AND t.model = 'event'
WHERE e.fraud_status <> 'none'
"""


class Migration(migrations.Migration):
    """Events that are suspected already obey the rules that come next."""

    dependencies = [
        ("ticketing", "0003_seat_map_names"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_fsm_log", "0004_auto_20190131_0341"),
    ]

    operations = [
        migrations.RunSQL(sql=FREEZE, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(sql=EXPLAIN, reverse_sql=migrations.RunSQL.noop),
    ]
