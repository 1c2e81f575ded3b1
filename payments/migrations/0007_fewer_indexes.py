import django.db.models.deletion
from django.db import migrations, models

from ticketing.database import drop_index


class Migration(migrations.Migration):
    """No index that another one replaces, and none for searches by a beginning, which nobody does."""

    atomic = False  # beside the traffic

    dependencies = [
        ("orders", "0009_list_indexes"),
        ("payments", "0006_list_indexes"),
    ]

    operations = [
        drop_index(
            "payments_payment_order_id_22c479b7",
            "payments_payment (order_id)",
            state=migrations.AlterField(
                model_name="payment",
                name="order",
                field=models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="payments",
                    to="orders.order",
                ),
            ),
        ),
        drop_index(
            "payments_reconciliationentry_run_id_cd70023e",
            "payments_reconciliationentry (run_id)",
            state=migrations.AlterField(
                model_name="reconciliationentry",
                name="run",
                field=models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="entries",
                    to="payments.reconciliation",
                ),
            ),
        ),
        drop_index(
            "payments_payment_txn_ref_40005f68_like",
            "payments_payment (txn_ref varchar_pattern_ops)",
        ),
        drop_index(
            "payments_providermessage_txn_ref_d6f0c6c8_like",
            "payments_providermessage (txn_ref varchar_pattern_ops)",
        ),
        drop_index(
            "payments_reversal_request_id_8edc0923_like",
            "payments_reversal (request_id varchar_pattern_ops)",
        ),
    ]
