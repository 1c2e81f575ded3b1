"""The policy's steps in a sentence each, for customers, in every language we speak."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import get_format
from django.utils.translation import get_language, ngettext_lazy, override
from django.utils.translation import gettext_lazy as _

from refunds.policy import Step
from ticketing.amounts import CURRENCY

LANGUAGES = ("vi", "en")
FALLBACK = "en"

AMOUNTS = {"amount", "base", "exact", "order_total", "payment_amount", "refunded_before"}
PERCENTAGES = {"percentage", "policy_percentage", "override"}
MOMENTS = {"requested_at", "sale_end"}
SECONDS = {"seconds_left": 1, "at_least_hours": 3600, "less_than_hours": 3600}

# What a result is, where it is not an amount.
RESULTS = {
    "personal-window": "percentage",
    "reason": "percentage",
    "override": "percentage",
    "decided-by": "decided_by",
}

# Under the rule, and under what sets the case apart where a rule speaks of several.
SENTENCES: dict[str, Any] = {
    "personal-window:early": _(
        "You asked on {requested_at}, {seconds_left} before the ticket sale ends on {sale_end}"
        " ({zone}); that is at least {at_least_hours}: {result} of the ticket price goes back."
    ),
    "personal-window:later": _(
        "You asked on {requested_at}, {seconds_left} before the ticket sale ends on {sale_end}"
        " ({zone}); that is at least {at_least_hours}, but less than {less_than_hours}:"
        " {result} of the ticket price goes back."
    ),
    "personal-window:closed": _(
        "You asked on {requested_at}, {seconds_left} before the ticket sale ends on {sale_end}"
        " ({zone}); that is less than {less_than_hours}, too late to get money back by the rules."
    ),
    "personal-window:ended": _(
        "You asked on {requested_at}, when the ticket sale had ended on {sale_end} ({zone});"
        " that is too late to get money back by the rules."
    ),
    "reason:postponed": _(
        "The event is postponed: {result} of the order's total goes back on request."
    ),
    "reason:cancelled": _("The event is cancelled: {result} of the order's total goes back."),
    "reason:fraud": _("The event was a fraud: {result} of the order's total goes back."),
    "reason:late_payment": _(
        "Your payment came after the order had ended: {result} of it goes back."
    ),
    "reason:duplicate_payment": _(
        "The order was paid already: {result} of the additional payment goes back."
    ),
    "override": _(
        "An admin decided on {override}; the rules alone would give {policy_percentage}."
    ),
    "base-tickets": ngettext_lazy(
        "The {count} ticket you give back costs {result}.",
        "The {count} tickets you give back cost {result} together.",
        "count",
    ),
    "base-order-total": _("The whole order cost {result}."),
    "base-payment": _("This payment was {result}."),
    "percentage": _("{percentage} of {base} is {result}."),
    "rounding": _("{exact} is rounded to {result}."),
    "refunded-before": _(
        "Of {amount}, {refunded_before} went back before or is on its way; {result} is missing."
    ),
    "refunded-before:all": _(
        "{refunded_before} went back before or is on its way, no less than {amount}:"
        " nothing more goes back."
    ),
    "cap": _(
        "Of the order's {order_total}, {refunded_before} went back before or is on its way:"
        " no more than {result} can go back instead of {amount}."
    ),
    "decided-by:automatic": _("This refund needs nobody's approval."),
    "decided-by:organizer": _("The organizer decides about this refund."),
    "decided-by:admin": _("An admin of the platform decides about this refund."),
}

# A day is 24 hours here, whatever the clocks do.
UNITS: list[tuple[int, Any]] = [
    (86_400, ngettext_lazy("{count} day", "{count} days", "count")),
    (3_600, ngettext_lazy("{count} hour", "{count} hours", "count")),
    (60, ngettext_lazy("{count} minute", "{count} minutes", "count")),
]


def explain(steps: Iterable[Step], *, time_zone: str = "Asia/Ho_Chi_Minh") -> list[dict[str, Any]]:
    """The steps as JSON to keep, each with its sentence in every language.

    People are told moments in `time_zone`, which is named.
    """
    return [
        {
            "rule": step.rule,
            "inputs": step.inputs,
            "result": step.result,
            "text": {language: _sentence(step, time_zone, language) for language in LANGUAGES},
        }
        for step in steps
    ]


def in_language(stored_steps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What `explain` made, told in the active language; in English if there is no such sentence."""
    language = get_language()
    return [
        {**step, "text": step["text"].get(language, step["text"][FALLBACK])}
        for step in stored_steps
    ]


def sentences(stored_steps: Iterable[dict[str, Any]]) -> list[str]:
    """What `in_language` tells, without the figures."""
    return [step["text"] for step in in_language(stored_steps)]


def _sentence(step: Step, time_zone: str, language: str) -> str:
    figures = step.inputs | {"result": step.result}
    meanings = {"result": RESULTS.get(step.rule, "amount")}
    with override(language):
        shown = {
            name: _shown(meanings.get(name, name), value, time_zone)
            for name, value in figures.items()
        }
        return str(SENTENCES[case_of(step)].format(zone=time_zone, **shown))


def case_of(step: Step) -> str:
    """Which sentence speaks of this step."""
    if step.rule == "personal-window":
        return f"{step.rule}:{_window(step.inputs)}"
    if step.rule == "reason":
        return f"{step.rule}:{step.inputs['reason']}"
    if step.rule == "decided-by":
        return f"{step.rule}:{step.result}"
    if step.rule == "refunded-before" and not Decimal(step.result):
        return f"{step.rule}:all"
    return step.rule


def _window(inputs: dict[str, str]) -> str:
    if Decimal(inputs["seconds_left"]) <= 0:
        return "ended"
    if "at_least_hours" not in inputs:
        return "closed"
    return "later" if "less_than_hours" in inputs else "early"


def _shown(meaning: str, value: str, time_zone: str) -> str | int:
    """A figure as people read it in the language that is active."""
    if meaning in AMOUNTS:
        return _money(value)
    if meaning in PERCENTAGES:
        return str(_("{number} %").format(number=value))
    if meaning in MOMENTS:
        moment = datetime.fromisoformat(value).astimezone(ZoneInfo(time_zone))
        return f"{moment:%Y-%m-%d %H:%M}"
    if meaning in SECONDS:
        return _duration(int(Decimal(value)) * SECONDS[meaning])
    return int(value) if meaning == "count" else value


def _money(digits: str) -> str:
    """Grouped in thousands; what stands after the point is shown unless it is nothing."""
    whole, _point, parts = digits.partition(".")
    grouped = f"{int(whole):,}".replace(",", get_format("THOUSAND_SEPARATOR"))
    if parts.strip("0"):
        grouped += get_format("DECIMAL_SEPARATOR") + parts
    return f"{grouped} {CURRENCY}"


def _duration(seconds: int) -> str:
    """Days, hours and minutes, rounded down: just too late must not look like in time."""
    counts = []
    for length, words in UNITS:
        count, seconds = divmod(seconds, length)
        if count:
            counts.append(str(words.format(count=count)))
    return " ".join(counts) or str(_("less than a minute"))
