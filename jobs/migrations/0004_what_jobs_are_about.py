from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Dead jobs, and jobs by what they are about, found without reading the table."""

    atomic = False  # built beside the traffic: no job waits for it

    dependencies = [
        ("jobs", "0003_job_key"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status", "dead")), fields=["id"], name="job_dead"
            ),
        ),
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
