"""`python -m ticketing.embedded_postgres FOLDER`: keep the server of that folder running.

For those who start several programs one after the other: the server neither stops in between nor
outlives them. Ends at SIGINT or SIGTERM, and stops the server if nobody else uses it.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from ticketing.embedded_postgres.server import start

ENDINGS = {signal.SIGINT, signal.SIGTERM}

if __name__ == "__main__":
    # Blocked, they wait for `sigwait`: also one that comes while the server is starting.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    start(Path(sys.argv[1]).resolve(), "ticketing")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    signal.sigwait(ENDINGS)
