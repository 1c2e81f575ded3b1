from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_refunds"),
        ("ticketing", "0005_event_states"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventRevenue",
            fields=[],
            options={
                "verbose_name": "revenue",
                "verbose_name_plural": "revenue",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("ticketing.event",),
        ),
    ]
