from django.db import migrations


class Migration(migrations.Migration):
    """The other index that the new one replaces. A step alone, so that it may break off."""

    atomic = False  # beside the traffic

    dependencies = [
        ("jobs", "0007_earlier_index_of_keys"),
    ]

    operations = [
        migrations.RunSQL(
            sql="DROP INDEX CONCURRENTLY IF EXISTS jobs_job_key_c36b5a2a_like",
            reverse_sql="CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_job_key_c36b5a2a_like "
            "ON jobs_job (key varchar_pattern_ops)",
        ),
    ]
