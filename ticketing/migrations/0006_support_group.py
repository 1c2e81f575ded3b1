"""The group that makes staff support. What it may do stands in `ticketing.roles`, not here."""

from django.db import migrations

SUPPORT = "support"
# Made by earlier demos. Members have their rights by belonging to an organizer.
MEMBERS = "organizer member"


def make_support(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    groups.get_or_create(name=SUPPORT)
    groups.filter(name=MEMBERS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("ticketing", "0005_event_states"),
    ]

    operations = [migrations.RunPython(make_support, migrations.RunPython.noop)]
