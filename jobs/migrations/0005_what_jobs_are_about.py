from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Jobs are found by what they are about, without reading the table."""

    atomic = False  # built beside the traffic: no job waits for it

    dependencies = [
        ("jobs", "0004_dead_jobs"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="job",
            index=GinIndex(
                condition=models.Q(("topic", "jobs.send_mail"), _negated=True),
                fastupdate=False,
                fields=["payload"],
                name="job_payload",
                opclasses=["jsonb_path_ops"],
            ),
        ),
    ]
