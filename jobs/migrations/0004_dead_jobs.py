from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The few dead jobs are found among millions that are done."""

    atomic = False

    dependencies = [("jobs", "0003_job_key")]

    operations = [
        AddIndexConcurrently(
            "job",
            models.Index(name="job_dead", fields=["id"], condition=models.Q(status="dead")),
        ),
    ]
