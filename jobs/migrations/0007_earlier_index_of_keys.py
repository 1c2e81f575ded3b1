from django.db import migrations, models


class Migration(migrations.Migration):
    """The constraint that the new index replaces. Going back builds it while the table is locked."""

    safe_because = {
        "ban-drop-constraint": "The index that is there since 0006 guarantees the same."
    }

    dependencies = [
        ("jobs", "0006_one_index_of_keys"),
    ]

    operations = [
        migrations.RunSQL(
            sql="ALTER TABLE jobs_job DROP CONSTRAINT jobs_job_key_key",
            reverse_sql="ALTER TABLE jobs_job ADD CONSTRAINT jobs_job_key_key UNIQUE (key)",
            state_operations=[
                migrations.AlterField(
                    model_name="job",
                    name="key",
                    field=models.CharField(blank=True, max_length=255, null=True),
                ),
            ],
        ),
    ]
