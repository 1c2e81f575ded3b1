import django.db.models.deletion
from django.db import migrations, models

from ticketing.database import drop_index


class Migration(migrations.Migration):
    """No index that another one replaces."""

    atomic = False  # beside the traffic

    dependencies = [
        ("orders", "0009_list_indexes"),
        ("payments", "0007_fewer_indexes"),
        ("refunds", "0003_waiting_refunds"),
    ]

    operations = [
        drop_index(
            "refunds_campaignorder_campaign_id_ebb7b64b",
            "refunds_campaignorder (campaign_id)",
            state=migrations.AlterField(
                model_name="campaignorder",
                name="campaign",
                field=models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="orders",
                    to="refunds.refundcampaign",
                ),
            ),
        ),
        drop_index(
            "refunds_refund_case_id_9316f687",
            "refunds_refund (case_id)",
            state=migrations.AlterField(
                model_name="refund",
                name="case",
                field=models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="refunds",
                    to="payments.paymentcase",
                ),
            ),
        ),
        drop_index(
            "refunds_refund_order_id_8224270d",
            "refunds_refund (order_id)",
            state=migrations.AlterField(
                model_name="refund",
                name="order",
                field=models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="refunds",
                    to="orders.order",
                ),
            ),
        ),
        drop_index(
            "refunds_refund_reversal_id_a29ed99d",
            "refunds_refund (reversal_id)",
            state=migrations.AlterField(
                model_name="refund",
                name="reversal",
                field=models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="refunds",
                    to="payments.reversal",
                ),
            ),
        ),
        drop_index(
            "refunds_refundticket_refund_id_1af15f17",
            "refunds_refundticket (refund_id)",
            state=migrations.AlterField(
                model_name="refundticket",
                name="refund",
                field=models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="tickets",
                    to="refunds.refund",
                ),
            ),
        ),
    ]
