from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0003_job_key"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                name="job_dead", fields=["finished_at"], condition=models.Q(status="dead")
            ),
        ),
    ]
