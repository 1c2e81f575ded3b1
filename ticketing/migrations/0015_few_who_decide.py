from django.conf import settings
from django.db import migrations


class Migration(migrations.Migration):
    """Those few are looked for among all customers: admins for each mail to staff."""

    atomic = False

    dependencies = [
        ("ticketing", "0014_showings_to_come"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY account_of_admin ON auth_user (id) WHERE is_superuser",
            "DROP INDEX CONCURRENTLY IF EXISTS account_of_admin",
        ),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY account_of_staff ON auth_user (username) WHERE is_staff",
            "DROP INDEX CONCURRENTLY IF EXISTS account_of_staff",
        ),
    ]
