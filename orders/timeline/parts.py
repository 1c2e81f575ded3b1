"""The parts of an order's timeline, and how an app contributes its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any, NamedTuple, Protocol, TypeAlias

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils.translation import gettext as _

from orders.models import Order
from ticketing.step_words import Flow, Tone, Word, name_of, words_of


class Kind(IntEnum):
    """What an entry is about. Of one moment the lower comes first: causes before effects."""

    SEATS = 0
    MESSAGE = 1
    EVENT = 2
    CAMPAIGN = 3
    PAYMENT = 4
    CASE = 5
    REFUND = 6
    REVERSAL = 7
    ORDER = 8
    TICKET = 9
    MAIL = 10
    JOB = 11


class Row(NamedTuple):
    """A row with a page of its own in the back office."""

    model: type[Model]
    pk: int


@dataclass(frozen=True)
class Entry:
    """One thing that happened or is planned, in words for people.

    `details` are for those alone who may open the page of `row`.
    """

    at: datetime
    kind: Kind
    what: str
    actor: str = ""
    why: str = ""
    amount: Decimal | None = None
    flow: Flow = Flow.NAMED
    tone: Tone = Tone.PLAIN
    row: Row | None = None
    badge: str = ""
    is_planned: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


class Thing(NamedTuple):
    """A row that the log tells of: what people call it, what it is worth, the page to open."""

    name: str
    amount: Decimal | None = None
    row: Row | None = None


@dataclass(frozen=True)
class Logged:
    """Rows of one model whose transitions belong to the timeline, from `since` on."""

    model: type[Model]
    kind: Kind
    things: Mapping[int, Thing]
    hidden: tuple[str, ...] = ()  # transitions that are not told
    since: datetime | None = None


@dataclass(frozen=True)
class Jobs:
    """Jobs that are called with one of these ids under `argument`, and what each topic does."""

    argument: str
    ids: list[int]
    words: Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """What one app contributes.

    `mail_keys` are the keys of its mails; one that ends in a colon stands for all that begin so.
    `is_cut` if older entries were left out.
    """

    entries: list[Entry] = field(default_factory=list)
    logged: list[Logged] = field(default_factory=list)
    jobs: list[Jobs] = field(default_factory=list)
    mail_keys: list[str] = field(default_factory=list)
    is_cut: bool = False


class Reader(Protocol):
    """Whoever reads the timeline."""

    @property
    def is_admin(self) -> bool:
        """Whether it is a platform admin."""

    def opens(self, model: type[Model]) -> bool:
        """Whether they may open the pages of rows of this model."""


Teller: TypeAlias = Callable[[Order, Reader], Told]

tellers: list[Teller] = []

# Models whose rows belong to one order each, with the look-up that leads there.
rows_of_orders: dict[type[Model], str] = {}


def tells(
    paths: Mapping[type[Model], str], words: Mapping[type[Model], Mapping[str, Word]]
) -> Callable[[Teller], Teller]:
    """Bind a function that tells an app's part of an order's story, in few queries.

    `paths` are the models whose rows belong to one order each, with the look-up that leads to it:
    `{Reversal: "payment__order"}`; `words` are those of its models' transitions.
    """

    def bind(teller: Teller) -> Teller:
        tellers.append(teller)
        rows_of_orders.update(paths)
        words_of.update(words)
        return teller

    return bind


def actor_of(user: User | None, order: Order | None) -> str:
    """Who did something, with this order if with any, as people who look after orders say it."""
    is_customer = user is not None and order is not None and user.pk == order.customer_id
    return the_customer() if is_customer else name_of(user)


def the_customer() -> str:
    """Who ordered, where it needs no look-up to know that it was them."""
    return _("the customer")
