from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0002_publishing"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="key",
            field=models.CharField(blank=True, max_length=255, null=True, unique=True),
        ),
    ]
