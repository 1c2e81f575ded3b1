import django.db.models.deletion
from django.db import migrations, models

from ticketing.database import drop_index


class Migration(migrations.Migration):
    """No index that another one replaces, and none for searches by a beginning, which nobody does."""

    atomic = False  # beside the traffic

    dependencies = [
        ("ticketing", "0011_sessions_with_owners"),
    ]

    operations = [
        drop_index(
            "ticketing_area_showing_id_01a06494",
            "ticketing_area (showing_id)",
            state=migrations.AlterField(
                model_name="area",
                name="showing",
                field=models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="areas",
                    to="ticketing.showing",
                ),
            ),
        ),
        drop_index(
            "ticketing_row_area_id_c88c7e1c",
            "ticketing_row (area_id)",
            state=migrations.AlterField(
                model_name="row",
                name="area",
                field=models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="rows",
                    to="ticketing.area",
                ),
            ),
        ),
        drop_index(
            "ticketing_seatplanupload_showing_id_baa3ce53",
            "ticketing_seatplanupload (showing_id)",
            state=migrations.AlterField(
                model_name="seatplanupload",
                name="showing",
                field=models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.CASCADE,
                    related_name="plan_uploads",
                    to="ticketing.showing",
                ),
            ),
        ),
        drop_index(
            "ticketing_event_slug_2ccad0ec_like", "ticketing_event (slug varchar_pattern_ops)"
        ),
        drop_index(
            "ticketing_organizer_slug_cd5f1ca3_like",
            "ticketing_organizer (slug varchar_pattern_ops)",
        ),
        drop_index(
            "ticketing_session_session_key_f3b7120e_like",
            "ticketing_session (session_key varchar_pattern_ops)",
        ),
        drop_index("django_fsm_log_statelog_state_7a86232b", "django_fsm_log_statelog (state)"),
        drop_index(
            "django_fsm_log_statelog_state_7a86232b_like",
            "django_fsm_log_statelog (state varchar_pattern_ops)",
        ),
        drop_index(
            "django_fsm_log_statelog_source_state_07608825",
            "django_fsm_log_statelog (source_state)",
        ),
        drop_index(
            "django_fsm_log_statelog_source_state_07608825_like",
            "django_fsm_log_statelog (source_state varchar_pattern_ops)",
        ),
    ]
