from django.db import migrations

from jobs.database_steps import drop_index


class Migration(migrations.Migration):
    """Keys are never searched by their beginning."""

    atomic = False  # beside the traffic

    dependencies = [
        ("jobs", "0005_what_jobs_are_about"),
    ]

    operations = [
        drop_index("jobs_job_key_c36b5a2a_like", "jobs_job (key varchar_pattern_ops)"),
    ]
