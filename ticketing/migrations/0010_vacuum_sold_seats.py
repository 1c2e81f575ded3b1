from django.db import migrations


class Migration(migrations.Migration):
    """Have sold places swept out of the index of free ones soon, however large the table is.

    Whoever claims the next free places of a field walks over the places that were sold before, until
    autovacuum has taken them out of the index. By default it waits for a fifth of all seats.
    """

    dependencies = [("ticketing", "0009_seat_plan_uploads")]

    operations = [
        migrations.RunSQL(
            sql="ALTER TABLE ticketing_seat SET "
            "(autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)",
            reverse_sql="ALTER TABLE ticketing_seat RESET "
            "(autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)",
        )
    ]
