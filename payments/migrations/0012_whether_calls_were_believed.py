from django.db import migrations, models


class Migration(migrations.Migration):
    """A call that anybody made up stood among the provider's own words. Of earlier ones: unknown."""

    dependencies = [
        ("payments", "0011_numberless_reversals"),
    ]

    operations = [
        migrations.AddField(
            model_name="providermessage",
            name="is_believed",
            field=models.BooleanField(blank=True, null=True, verbose_name="believed"),
        ),
    ]
