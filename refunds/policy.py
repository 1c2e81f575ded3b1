"""The refund policy: what goes back, who decides, and why. Pure: no clock, database or Django.

The rules are those of `requirements.md`, "Refund policy"; a table of them is in `design.md`, 5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from enum import StrEnum


class Reason(StrEnum):
    PERSONAL = "personal"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    FRAUD = "fraud"
    LATE_PAYMENT = "late_payment"
    DUPLICATE_PAYMENT = "duplicate_payment"


class Basis(StrEnum):
    """What the percentage is taken of."""

    TICKETS = "tickets"
    ORDER_TOTAL = "order_total"
    PAYMENT = "payment"


class DecidedBy(StrEnum):
    AUTOMATIC = "automatic"
    ORGANIZER = "organizer"
    ADMIN = "admin"


# requirements.md, "Refund policy", "Admin overrides"
PERCENTAGES = (0, 60, 80, 90, 100)

# requirements.md, "Refund policy", "Percentages and timing (personal reason ...)"
EARLY_HOURS = 168
EARLY_PERCENTAGE = 80
LAST_HOURS = 120
LATER_PERCENTAGE = 60
CLOSED_PERCENTAGE = 0

# requirements.md, "Refund policy", "Postponed", "Cancelled", "Fraud"; design.md, 5, "Odd money"
PERCENTAGE_OF = {
    Reason.POSTPONED: 90,
    Reason.CANCELLED: 100,
    Reason.FRAUD: 100,
    Reason.LATE_PAYMENT: 100,
    Reason.DUPLICATE_PAYMENT: 100,
}

# requirements.md, "Refund policy", "Calculations"; design.md, 5, "Odd money"
BASIS_OF = {
    Reason.PERSONAL: Basis.TICKETS,
    Reason.POSTPONED: Basis.ORDER_TOTAL,
    Reason.CANCELLED: Basis.ORDER_TOTAL,
    Reason.FRAUD: Basis.ORDER_TOTAL,
    Reason.LATE_PAYMENT: Basis.PAYMENT,
    Reason.DUPLICATE_PAYMENT: Basis.PAYMENT,
}

CENT = Decimal("0.01")  # requirements.md, "Calculations": rounded to two places
TOO_MUCH_MONEY = 10**12  # design.md, 4: 14 digits, two of them after the point

# Room for every product and sum of such amounts, whatever context the caller works in.
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
_NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class TicketFacts:
    code: str
    price: Decimal


@dataclass(frozen=True)
class Facts:
    """What the policy looks at, read once by the caller under its locks.

    `refunded_before` counts what went back and what is approved to; `payment_amount` is the late
    or second payment; `override` is an admin's percentage.
    """

    reason: Reason
    requested_at: datetime
    sale_end: datetime
    tickets: tuple[TicketFacts, ...]
    order_total: Decimal
    refunded_before: Decimal
    auto_approve: bool = False
    payment_amount: Decimal | None = None
    override: int | None = None
    is_reopened: bool = False


@dataclass(frozen=True)
class Step:
    """One rule at work. Figures are plain digits, moments ISO 8601 in UTC; `rule` never changes."""

    rule: str
    inputs: dict[str, str]
    result: str


@dataclass(frozen=True)
class Assessment:
    percentage: int
    base_amount: Decimal
    amount: Decimal
    basis: Basis
    decided_by: DecidedBy
    steps: tuple[Step, ...]


class WindowClosed(Exception):
    """It is too late for a personal reason: `closed_at` was the last moment to ask."""

    def __init__(self, closed_at: datetime) -> None:
        super().__init__(f"It could be asked for until {closed_at}.")
        self.closed_at = closed_at


def assess(facts: Facts) -> Assessment:
    """What goes back by the policy, and every step that leads there.

    Raises WindowClosed for a personal reason that comes too late without an override, and
    ValueError for facts that make no sense.
    """
    with localcontext(_EXACT):
        return _assess(_checked(facts))


def _assess(facts: Facts) -> Assessment:
    steps: list[Step] = []
    percentage, basis = _percentage(facts, steps), BASIS_OF[facts.reason]
    steps.append(_base(facts))
    base = Decimal(steps[-1].result)
    amount = _share(base, percentage, steps)
    if basis is Basis.ORDER_TOTAL:
        amount = _less_refunded(amount, facts, steps)
    if basis is not Basis.PAYMENT:
        amount = _capped(amount, facts, steps)
    decided_by = _decided_by(facts, steps)
    return Assessment(percentage, base, amount, basis, decided_by, tuple(steps))


def _percentage(facts: Facts, steps: list[Step]) -> int:
    by_policy, asked = _percentage_by_policy(facts, steps), facts.override
    if asked is None:
        return by_policy
    steps.append(_step("override", asked, policy_percentage=by_policy, override=asked))
    return asked


def _percentage_by_policy(facts: Facts, steps: list[Step]) -> int:
    if facts.reason == Reason.PERSONAL:
        return _percentage_by_window(facts, steps)
    percentage = PERCENTAGE_OF[facts.reason]
    steps.append(_step("reason", percentage, reason=facts.reason))
    return percentage


def _percentage_by_window(facts: Facts, steps: list[Step]) -> int:
    left = facts.sale_end - facts.requested_at
    percentage, edges = _window(left)
    if percentage == CLOSED_PERCENTAGE and facts.override is None:
        raise WindowClosed(facts.sale_end - timedelta(hours=LAST_HOURS))
    seconds = Decimal(left // timedelta(microseconds=1)) / 1_000_000
    moments = {"requested_at": facts.requested_at, "sale_end": facts.sale_end}
    steps.append(_step("personal-window", percentage, **moments, seconds_left=seconds, **edges))
    return percentage


def _window(left: timedelta) -> tuple[int, dict[str, int]]:
    """The percentage that is due with so much time left, and the edges it lies between."""
    if left >= timedelta(hours=EARLY_HOURS):
        return EARLY_PERCENTAGE, {"at_least_hours": EARLY_HOURS}
    if left >= timedelta(hours=LAST_HOURS):
        return LATER_PERCENTAGE, {"at_least_hours": LAST_HOURS, "less_than_hours": EARLY_HOURS}
    return CLOSED_PERCENTAGE, {"less_than_hours": LAST_HOURS}


def _base(facts: Facts) -> Step:
    """What the percentage is taken of. Ticket codes stay out: whoever reads one gets in with it."""
    if facts.reason == Reason.PERSONAL:
        prices = [ticket.price for ticket in facts.tickets]
        written = " + ".join(_text(price) for price in prices)
        return _step("base-tickets", sum(prices, _NOTHING), count=len(prices), prices=written)
    if BASIS_OF[facts.reason] is Basis.PAYMENT:
        return _step("base-payment", facts.payment_amount, payment_amount=facts.payment_amount)
    return _step("base-order-total", facts.order_total, order_total=facts.order_total)


def _share(base: Decimal, percentage: int, steps: list[Step]) -> Decimal:
    exact = base * percentage / 100
    rounded = exact.quantize(CENT, rounding=ROUND_HALF_UP)
    steps.append(_step("percentage", exact, base=base, percentage=percentage))
    if rounded != exact:
        steps.append(_step("rounding", rounded, exact=exact))
    return rounded


def _less_refunded(amount: Decimal, facts: Facts, steps: list[Step]) -> Decimal:
    """What is missing to `amount`: a refund of the whole order counts what went back before."""
    before = facts.refunded_before
    if not before:
        return amount
    missing = max(amount - before, _NOTHING)
    steps.append(_step("refunded-before", missing, amount=amount, refunded_before=before))
    return missing


def _capped(amount: Decimal, facts: Facts, steps: list[Step]) -> Decimal:
    total, before = facts.order_total, facts.refunded_before
    left = max(total - before, _NOTHING)
    if amount <= left:
        return amount
    steps.append(_step("cap", left, amount=amount, order_total=total, refunded_before=before))
    return left


def _decided_by(facts: Facts, steps: list[Step]) -> DecidedBy:
    """requirements.md, "Refund policy", from "Personal reason" to "Fraud/buyer protection"."""
    inputs = {"reason": str(facts.reason)}
    decided_by = DecidedBy.AUTOMATIC
    if facts.is_reopened:
        inputs["reopened"], decided_by = "true", DecidedBy.ADMIN
    elif facts.reason == Reason.PERSONAL:
        inputs["auto_approve"] = "true" if facts.auto_approve else "false"
        decided_by = DecidedBy.AUTOMATIC if facts.auto_approve else DecidedBy.ORGANIZER
    elif facts.reason == Reason.POSTPONED:
        decided_by = DecidedBy.ADMIN
    steps.append(_step("decided-by", decided_by, **inputs))
    return decided_by


def _step(rule: str, result: object, **inputs: object) -> Step:
    return Step(rule, {name: _text(value) for name, value in inputs.items()}, _text(result))


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def _checked(facts: Facts) -> Facts:
    """The same facts in UTC and with two decimal places."""
    _check(facts)
    paid = facts.payment_amount
    return replace(
        facts,
        # Not in a zone of their own: Python subtracts wall clocks where two zones are the same.
        requested_at=_utc(facts.requested_at),
        sale_end=_utc(facts.sale_end),
        tickets=tuple(replace(each, price=_money(each.price)) for each in facts.tickets),
        order_total=_money(facts.order_total),
        refunded_before=_money(facts.refunded_before),
        payment_amount=None if paid is None else _money(paid),
    )


def _check(facts: Facts) -> None:
    basis, override = BASIS_OF[facts.reason], facts.override
    # `in` alone would take False for 0, and 60.0 for 60.
    if override is not None and (type(override) is not int or override not in PERCENTAGES):
        raise ValueError(f"An override is one of {PERCENTAGES}, not {override!r}.")
    if basis is Basis.PAYMENT and facts.payment_amount is None:
        raise ValueError(f"{facts.reason} needs the payment's amount.")
    if basis is Basis.TICKETS and not facts.tickets:
        raise ValueError("No ticket is given back.")
    if len({ticket.code for ticket in facts.tickets}) < len(facts.tickets):
        raise ValueError("A ticket is given back twice.")


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone.")
    return moment.astimezone(UTC)


def _money(amount: Decimal) -> Decimal:
    """The amount with two places, or ValueError if it is no sum of money."""
    if not (amount.is_finite() and 0 <= amount < TOO_MUCH_MONEY):
        raise ValueError(f"{amount!r} is no sum of money.")
    cents = abs(amount.quantize(CENT))  # minus zero is a decimal number too
    if cents != amount:
        raise ValueError(f"{amount!r} has parts of a hundredth.")
    return cents
