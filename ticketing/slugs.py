"""The word by which an event is found on the web."""

from __future__ import annotations

import re

from django.utils.text import slugify

from ticketing.models import Event

LONGEST = 100  # leaves room for a number
EMPTY = "event"


def free_slug(title: str) -> str:
    """A slug for an event of this title that no other event has at the moment."""
    # `slugify` takes accents off; “đ” is a letter of its own, which it would drop.
    word = slugify(title.replace("đ", "d").replace("Đ", "D"))[:LONGEST].strip("-") or EMPTY
    pattern = rf"^{re.escape(word)}(-[0-9]+)?$"
    taken = set(Event.objects.filter(slug__regex=pattern).values_list("slug", flat=True))
    number = 2
    while word in taken and f"{word}-{number}" in taken:
        number += 1
    return f"{word}-{number}" if word in taken else word
