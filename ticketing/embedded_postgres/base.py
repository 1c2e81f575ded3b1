"""Django's PostgreSQL backend, on the embedded server, started by the first connection."""

from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base

from ticketing.embedded_postgres import server


class DatabaseWrapper(base.DatabaseWrapper):
    """Set `OPTIONS["data_dir"]`; host, port and user need no setting."""

    def get_connection_params(self) -> dict[str, Any]:
        data_dir = Path(self.settings_dict["OPTIONS"]["data_dir"])
        socket_dir = server.start(data_dir, "ticketing")
        params = super().get_connection_params()
        # Ours alone: PostgreSQL's client library refuses options that it does not know.
        params.pop("data_dir", None)
        return {**params, "host": str(socket_dir), "user": "postgres"}
