from django.db import migrations, models

from ticketing.database import drop_index


class Migration(migrations.Migration):
    """Each sale writes some messages, and nobody looks for one by its time."""

    atomic = False  # beside the traffic

    dependencies = [("payments", "0013_due_payments")]

    operations = [
        drop_index(
            "payments_providermessage_at_ef92a41e",
            "payments_providermessage (at)",
            state=migrations.AlterField(
                model_name="providermessage",
                name="at",
                field=models.DateTimeField(),
            ),
        ),
    ]
