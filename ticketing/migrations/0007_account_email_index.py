from django.conf import settings
from django.db import migrations


class Migration(migrations.Migration):
    """Accounts are looked up by address at each log-in and sign-up, and by staff."""

    atomic = False

    dependencies = [
        ("ticketing", "0006_support_group"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY account_email ON auth_user (email)",
            "DROP INDEX CONCURRENTLY account_email",
        )
    ]
