"""The second half of changing `SECRET_KEY`; see docs/security.md.

What was kept before secrets were sealed is read as it is, and sealed by this too.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ticketing.second_factors import reseal_secrets


class Command(BaseCommand):
    help = "Seal the secrets of all second factors with the SECRET_KEY of today."

    def handle(self, **options: Any) -> None:
        sealed, shut = reseal_secrets()
        self.stdout.write(f"Sealed {sealed} second factors.")
        for factor in shut:
            self.stderr.write(f"{factor.user.email}: {factor.get_type_display()}")
        if shut:
            raise CommandError(
                f"{len(shut)} are sealed with a key that is not known any more. Add the earlier "
                "SECRET_KEY to SECRET_KEY_FALLBACKS, or delete them in the back office."
            )
