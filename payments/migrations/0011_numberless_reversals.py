from django.db import migrations


class Migration(migrations.Migration):
    """A reversal's number of 0 was VNPay's word for none: now its real number may still be told.

    Kept as a number it matched no later word of that refund, which looked like one made elsewhere.
    """

    dependencies = [
        ("payments", "0010_earlier_cases_of_money_given_back"),
    ]

    operations = [
        migrations.RunSQL(
            sql="UPDATE payments_reversal SET provider_transaction_no = '' "
            "WHERE provider_transaction_no ~ '^0+$'",
            reverse_sql=migrations.RunSQL.noop,  # nothing to give back: it was no number
        ),
    ]
