"""What the commands about refunds have in common."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError

from django.conf import settings

CONNECTIONS = 8
# Threads that find, mark (two) and record, and the one that waits for them.
OURS = 5


def add_connections(parser: ArgumentParser) -> None:
    """`--connections`: each of them wants a connection to the database, and so do our threads."""
    most = max(1, settings.POOL["max_size"] - OURS)

    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise ArgumentTypeError(f"a number from 1 to {most}, see DATABASE_POOL_SIZE")
        return int(text)

    parser.add_argument(
        "--connections",
        type=number,
        default=min(CONNECTIONS, most),
        metavar="N",
        help=f"calls to the provider at the same time (default: {CONNECTIONS})",
    )
