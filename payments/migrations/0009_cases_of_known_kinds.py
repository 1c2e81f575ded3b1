from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """The rule of 0008 holds for the cases that were there before, too."""

    dependencies = [("payments", "0008_cases_of_money_given_back")]

    operations = [ValidateConstraint("paymentcase", "payment_case_kind_valid")]
