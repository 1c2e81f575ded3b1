"""Seal the secrets of second factors that were kept as they are.

The version before can't read them any more: replace its web processes right after this.
"""

from django.db import migrations

from ticketing.second_factors import seal, unseal, with_secrets


def rewrite(apps, change):
    for factor in apps.get_model("mfa", "Authenticator").objects.select_for_update():
        factor.data = with_secrets(factor.data, change)
        factor.save(update_fields=["data"])


def seal_all(apps, schema_editor):
    rewrite(apps, lambda kept: seal(unseal(kept)))


def unseal_all(apps, schema_editor):
    rewrite(apps, unseal)


class Migration(migrations.Migration):
    dependencies = [
        ("mfa", "0003_authenticator_type_uniq"),
        ("ticketing", "0010_vacuum_sold_seats"),
    ]

    operations = [migrations.RunPython(seal_all, unseal_all)]
