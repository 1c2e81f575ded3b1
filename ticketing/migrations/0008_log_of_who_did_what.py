import django_fsm_log.managers
from django.db import migrations

# Rows are written in the order of time, so a few words for each megabyte tell where a day is.
BY_DAY = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS log_row_by_day ON django_fsm_log_statelog
USING brin (timestamp) WITH (autosummarize = on)
"""
FORGET = "DROP INDEX CONCURRENTLY IF EXISTS log_row_by_day"


class Migration(migrations.Migration):
    """The log as a list of the back office, and its days found without reading all of it."""

    atomic = False  # built beside the traffic

    dependencies = [
        ("django_fsm_log", "0004_auto_20190131_0341"),
        ("ticketing", "0007_account_email_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="LogRow",
            fields=[],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "log of who did what",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("django_fsm_log.statelog",),
            managers=[("objects", django_fsm_log.managers.StateLogManager())],
        ),
        migrations.RunSQL(sql=BY_DAY, reverse_sql=FORGET),
    ]
