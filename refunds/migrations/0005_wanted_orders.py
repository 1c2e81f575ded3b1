from django.db import migrations, models


class Migration(migrations.Migration):
    """Which orders of a campaign an admin wants refunded whatever was overridden before."""

    dependencies = [("refunds", "0004_fewer_indexes")]

    operations = [
        migrations.AddField(
            model_name="campaignorder",
            name="wanted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
