"""What the commands about refunds have in common."""

from __future__ import annotations

from argparse import ArgumentParser

from django.conf import settings

from jobs.management.arguments import whole

CONNECTIONS = 8
# Threads that find, mark (two) and record, and the one that waits for them.
OURS = 5


def add_connections(parser: ArgumentParser) -> None:
    """`--connections`: each of them wants a connection to the database, and so do our threads."""
    most = max(1, settings.POOL["max_size"] - OURS)
    parser.add_argument(
        "--connections",
        type=whole(1, most),
        default=min(CONNECTIONS, most),
        metavar="N",
        help=f"calls to the provider at the same time (default: {CONNECTIONS}; at most {most}, "
        "see DATABASE_POOL_SIZE)",
    )
