from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What is to come is found without reading all that ever took place. Selling goes on."""

    atomic = False

    dependencies = [("ticketing", "0013_names_on_one_seat")]

    operations = [
        AddIndexConcurrently("showing", models.Index(name="showing_ends_at", fields=["ends_at"])),
    ]
