from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """A kind of case more. No row is looked at while nobody else can use the table."""

    dependencies = [("payments", "0007_fewer_indexes")]
    safe_because = {
        "ban-drop-constraint": "Another takes its place at once, which allows all that it did."
    }

    operations = [
        migrations.RemoveConstraint("paymentcase", "payment_case_kind_valid"),
        migrations.AlterField(
            model_name="paymentcase",
            name="kind",
            field=models.CharField(
                choices=[
                    ("late", "money came after the order had ended"),
                    ("duplicate", "the order was paid a second time"),
                    ("amount_mismatch", "another amount than asked for"),
                    ("suspected_fraud", "the provider suspects fraud"),
                    ("unknown_reference", "a payment nobody here asked for"),
                    ("orphaned", "the provider never said what became of it"),
                    ("contradicted", "captured here, and the provider says otherwise now"),
                    ("given_back", "the provider says otherwise of money given back"),
                    ("reported", "support was told that something is wrong"),
                ],
                max_length=30,
            ),
        ),
        AddConstraintNotValid(
            "paymentcase",
            models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "late",
                            "duplicate",
                            "amount_mismatch",
                            "suspected_fraud",
                            "unknown_reference",
                            "orphaned",
                            "contradicted",
                            "given_back",
                            "reported",
                        ],
                    )
                ),
                name="payment_case_kind_valid",
            ),
        ),
    ]
