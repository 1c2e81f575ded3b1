"""Which passwords are refused here besides those that are refused everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SHORTEST_WORD = 4  # so that "www" and "com" are none


class OurWordsValidator:
    """Refuses what is little more than words that whoever guesses here tries first.

    They may be part of a password whose rest would be long enough alone. `words` are ours, `hosts`
    the names under which people know the site.
    """

    def __init__(
        self, words: Iterable[str], hosts: Iterable[str] = (), rest_length: int = 8
    ) -> None:
        labels = (label for host in hosts for label in re.split(r"[.-]", host))
        known = {word.lower() for word in (*words, *labels) if len(word) >= SHORTEST_WORD}
        self.words = sorted(known, key=len, reverse=True)  # "ticketing" goes before "ticket"
        self.rest_length = rest_length

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError if it has one of the words and too little besides."""
        rest, found = password.lower(), ""
        for word in self.words:
            if word in rest:
                rest, found = rest.replace(word, ""), found or word
        if found and len(rest) < self.rest_length:
            raise ValidationError(
                _(
                    "Whoever guesses tries “%(word)s” here first. Choose a password without it, "
                    "or add several words of your own."
                ),
                code="password_of_our_words",
                params={"word": found},
            )

    def get_help_text(self) -> str:
        return _("Your password can’t be made of words of this site, such as its name.")
