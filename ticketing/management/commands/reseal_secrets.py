"""The second half of changing `SECRET_KEY`; see docs/security.md.

What was kept before secrets were sealed is read as it is, and sealed by this too.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ticketing.second_factors import reseal_secrets


class Command(BaseCommand):
    help = "Seal the secrets of all second factors with the SECRET_KEY of today."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"Sealed {reseal_secrets()} second factors.")
