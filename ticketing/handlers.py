"""What has to be tidied up day by day."""

from __future__ import annotations

from jobs import schedules
from jobs.outbox import handles
from ticketing import services

schedules.declare("ticketing.prune_sessions", cron="47 3 * * *")


@handles("ticketing.prune_sessions")
def prune_sessions() -> None:
    """Delete the sessions that are over."""
    services.prune_sessions()
