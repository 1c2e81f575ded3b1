"""What the inbox remembers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Mail:
    """One mail as it came over the wire; `recipients` is a JSON list, `raw` its bytes."""

    table: ClassVar[str] = "mails"

    id: str
    at: float
    sender: str
    recipients: str
    raw: bytes

    def is_to(self, address: str) -> bool:
        """Whether it was delivered to this address, a blind copy included."""
        return address.lower() in (each.lower() for each in json.loads(self.recipients))


KINDS = (Mail,)
