"""Row labels in shorthand: `A-F,H,1-20` is A to F, H, and 1 to 20."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from django.utils.translation import gettext as _

MOST_LABELS = 5_000  # no house has more rows
RUN = re.compile(r"([0-9]{1,20}|[A-Za-z])-([0-9]{1,20}|[A-Za-z])")


def spell_out(shorthand: str) -> list[str]:
    """Return the labels. What is not a run of letters or numbers is a label as it stands.

    Raises ValueError, with a sentence for whoever wrote it, for a run that goes backwards or from
    a letter to a number, and for more than MOST_LABELS labels.
    """
    # No more than that are spelled out, whatever run somebody writes.
    labels = list(islice(_labels(shorthand), MOST_LABELS + 1))
    if len(labels) > MOST_LABELS:
        raise ValueError(_("There are more than {most} labels.").format(most=MOST_LABELS))
    return labels


def _labels(shorthand: str) -> Iterator[str]:
    for part in shorthand.split(","):
        run = RUN.fullmatch(part.strip())
        if run:
            yield from _spelled(part.strip(), *run.groups())
        else:
            yield part.strip()


def _spelled(part: str, first: str, last: str) -> Iterator[str]:
    if _kind(first) != _kind(last):
        raise ValueError(_("{part} goes from one kind of label to another.").format(part=part))
    order, label = (int, str) if first.isdigit() else (ord, chr)
    if order(first) > order(last):
        raise ValueError(_("{part} goes backwards.").format(part=part))
    return map(label, range(order(first), order(last) + 1))


def _kind(label: str) -> tuple[bool, bool]:
    return label.isdigit(), label.isupper()
