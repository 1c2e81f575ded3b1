"""`python -m sandbox`: serve the stand-ins on loopback until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

from granian.constants import Interfaces
from granian.server.embed import Server

from sandbox.app import build_app
from sandbox.config import Config, ConfigError, read_config

logger = logging.getLogger("sandbox")


async def serve(config: Config) -> None:
    """Run in this one process: its state is in memory, so there must not be a second worker."""
    server = Server(
        build_app(config),
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, server.stop)
    logger.info("Sandbox on http://%s:%d/, IPN to %s", config.host, config.port, config.ipn_url)
    await server.serve()


def main() -> None:
    """Read the environment and serve; a wrong setting ends with a sentence and status 1."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        config = read_config(os.environ)
    except ConfigError as problem:
        sys.exit(f"The sandbox cannot start: {problem}")
    asyncio.run(serve(config))


if __name__ == "__main__":
    main()
