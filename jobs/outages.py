"""How what stays outlives a database that goes away, or takes no writes for a while."""

from __future__ import annotations

from contextlib import suppress

from django.db import DatabaseError, InternalError, OperationalError, connection
from psycopg_pool import PoolTimeout

# An InternalError is what a server says that may only be read, such as a former primary.
OUTAGES = (OperationalError, InternalError, PoolTimeout)


def forget_connection() -> None:
    """Have this thread's next query make another connection, whatever became of its own.

    Django itself does so at the end of a request, and where a transaction can't be rolled back.
    """
    if connection.connection is not None:
        # Given back as it is, the pool would hand it out again.
        connection.connection.close()
    with suppress(DatabaseError, PoolTimeout):
        connection.close()
