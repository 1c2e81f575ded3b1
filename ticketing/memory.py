"""How a process with threads asks the system for memory, and gives it back."""

from __future__ import annotations

import ctypes

# Of <malloc.h>
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

LARGE = 128 * 1024


def give_large_pieces_back() -> None:
    """Have what a large answer took be free for all as soon as it is sent, here and in forks.

    By itself glibc gives every thread a heap of its own, and raises the size from which on a piece
    is mapped, and unmapped, alone: in the end each thread keeps the room of its largest answers.
    Does nothing where malloc can't be told, as on macOS.
    """
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell:
        tell(M_MMAP_THRESHOLD, LARGE)
        # One for all threads, or two without the line above, takes more (docs/speed.md).
        tell(M_ARENA_MAX, 2)
