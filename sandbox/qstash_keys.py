"""The two signing keys and their rotation (qstash.md section 3)."""

from __future__ import annotations

import uuid

from sandbox.config import QStashConfig
from sandbox.qstash_records import KeyPair
from sandbox.store import Store


class KeyRing:
    """The keys in use. Other configured keys win over what was rotated to in an earlier life."""

    def __init__(self, config: QStashConfig, store: Store) -> None:
        self._config = config
        self._store = store

    @property
    def current(self) -> str:
        """The key that signs."""
        return self._pair().current

    @property
    def next(self) -> str:
        """The key that will sign after the next rotation."""
        return self._pair().next

    def show(self) -> dict[str, str]:
        """The answer of the key endpoints."""
        pair = self._pair()
        return {"current": pair.current, "next": pair.next}

    def rotate(self) -> dict[str, str]:
        """Next becomes current, and a new next is made up."""
        pair = self._pair()
        new = f"sig_{uuid.uuid4().hex[:28]}"
        self._store.save(KeyPair(pair.configured, pair.next, new))
        return self.show()

    def _pair(self) -> KeyPair:
        configured = f"{self._config.current_key} {self._config.next_key}"
        pair = self._store.find(KeyPair, configured=configured)
        return pair or KeyPair(configured, self._config.current_key, self._config.next_key)
