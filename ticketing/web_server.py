"""The web server: `python -m ticketing.web_server [--host H] [--port N]`, until it is told to stop.

The product is loaded once, then the workers are forked: all are ready as soon as the first one,
they share the memory of what they have loaded, and one that has died is replaced at once.
"""

from __future__ import annotations

import argparse
import gc
from importlib import import_module

from django.conf import settings
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from ticketing import wsgi
from ticketing.memory import give_large_pieces_back

APPLICATION = f"{wsgi.__name__}:application"
WORKERS = 2
# With fewer, most answers come later (docs/speed.md).
THREADS = 8


def main() -> None:
    options = parse_options()
    give_large_pieces_back()
    load_product()
    Server(
        APPLICATION,
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=WORKERS,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        websockets=False,
        log_level=LogLevels.error,
    ).serve()


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ticketing.web_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (127.0.0.1)")
    parser.add_argument("--port", type=int, default=settings.PORT, help=f"({settings.PORT})")
    return parser.parse_args()


def load_product() -> None:
    """Load what Django leaves to the first request, and have the collector leave all of it alone.

    What the collector does not touch stays shared between the workers.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
