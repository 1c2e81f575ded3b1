from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ticketing.invariants import rules, violations


class Command(BaseCommand):
    help = "Check every rule that must hold in the database; exit code 1 if one is broken."

    def handle(self, **options: Any) -> None:
        counts = violations()
        for rule in rules():
            count = counts[rule.name]
            styled = self.style.ERROR if count else self.style.SUCCESS
            self.stdout.write(f"{styled(f'{count:>6} broken')}  {rule.name}: {rule.description}")
        broken = sum(map(bool, counts.values()))
        if broken:
            raise CommandError(f"{broken} of {len(counts)} rules are broken.")
        self.stdout.write(f"All {len(counts)} rules hold.")
