"""What the API refuses, answered as `{"error": ...}` (qstash.md section 1)."""

from __future__ import annotations


class Refusal(Exception):
    """A request that QStash would refuse; the text is for the caller."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
