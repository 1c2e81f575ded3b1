"""What happened to an order and why: told by every app that has a part in it, in order of time.

Each app has a `timeline` module with a function bound by `tells`; orders need not know the others.
"""

from orders.timeline import of_orders  # noqa: F401  what orders themselves tell
from orders.timeline.collect import LONGEST, Timeline, timeline_of
from orders.timeline.parts import (
    Entry,
    Jobs,
    Kind,
    Logged,
    Reader,
    Row,
    Thing,
    Told,
    actor_of,
    rows_of_orders,
    tells,
    the_customer,
)
from orders.timeline.shown import days_of
from ticketing.step_words import Flow, Tone, Word, the_system, words_of

__all__ = [
    "LONGEST",
    "Entry",
    "Flow",
    "Jobs",
    "Kind",
    "Logged",
    "Reader",
    "Row",
    "Thing",
    "Timeline",
    "Told",
    "Tone",
    "Word",
    "actor_of",
    "days_of",
    "rows_of_orders",
    "tells",
    "the_customer",
    "the_system",
    "timeline_of",
    "words_of",
]
