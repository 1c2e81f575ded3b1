"""What the steps that the log knows mean to people. Each app says it of its own models' steps."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils.translation import gettext as _


class Tone(Enum):
    """Whether it went well, or somebody has to look."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"


class Flow(Enum):
    """What an entry's amount is: money that came, that went, or that is only spoken of."""

    CAME = "came"
    WENT = "went"
    NAMED = "named"


class Word(NamedTuple):
    """What a transition means to people: `text` may name the `{thing}`s that took it."""

    text: Any
    tone: Tone = Tone.PLAIN
    flow: Flow | None = None  # None where no amount is shown


def name_of(user: User | None) -> str:
    """Who took a step, by name alone: most of those who read it may not open accounts."""
    return user.get_username() if user else the_system()


def the_system() -> str:
    """What nobody did."""
    return _("the system")


# What the transitions of each model mean to people.
words_of: dict[type[Model], Mapping[str, Word]] = {}
