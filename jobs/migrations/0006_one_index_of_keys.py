from django.db import migrations, models


class Migration(migrations.Migration):
    """One index keeps keys unique and finds them whole and by their beginning, where it took two.

    If building it breaks off, it is left invalid: drop it before the next attempt.
    """

    atomic = False  # beside the traffic

    dependencies = [
        ("jobs", "0005_what_jobs_are_about"),
    ]

    operations = [
        migrations.RunSQL(
            sql="CREATE UNIQUE INDEX CONCURRENTLY job_key_unique ON jobs_job (key varchar_pattern_ops)",
            reverse_sql="DROP INDEX CONCURRENTLY IF EXISTS job_key_unique",
            state_operations=[
                migrations.AddConstraint(
                    model_name="job",
                    constraint=models.UniqueConstraint(
                        fields=("key",), name="job_key_unique", opclasses=["varchar_pattern_ops"]
                    ),
                ),
            ],
        ),
    ]
