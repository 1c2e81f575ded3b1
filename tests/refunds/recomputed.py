"""Recomputes an assessment from its steps alone, in fractions.

It knows the requirements only: the percentages, the hours, and that halves are rounded up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

MICROSECOND = timedelta(microseconds=1)
PERSONAL_TIERS = ((168, 80), (120, 60))


def cents_half_up(exact):
    return Fraction((exact * 100 + Fraction(1, 2)).__floor__(), 100)


def window(inputs):
    moments = (datetime.fromisoformat(inputs[name]) for name in ("sale_end", "requested_at"))
    sale_end, requested_at = moments
    left = sale_end - requested_at
    assert Fraction(inputs["seconds_left"]) == Fraction(left // MICROSECOND, 10**6)
    due = [share for hours, share in PERSONAL_TIERS if left >= timedelta(hours=hours)]
    return max(due, default=0)


def reason(inputs):
    return 90 if inputs["reason"] == "postponed" else 100


def override(inputs):
    return int(inputs["override"])


def tickets(inputs):
    each = [Fraction(price) for price in inputs["prices"].split(" + ")]
    assert len(each) == int(inputs["count"])
    return sum(each)


def percentage(inputs):
    return Fraction(inputs["base"]) * int(inputs["percentage"]) / 100


def rounding(inputs):
    return cents_half_up(Fraction(inputs["exact"]))


def refunded_before(inputs):
    return max(Fraction(inputs["amount"]) - Fraction(inputs["refunded_before"]), 0)


def cap(inputs):
    left = max(Fraction(inputs["order_total"]) - Fraction(inputs["refunded_before"]), 0)
    assert Fraction(inputs["amount"]) > left
    return left


SHARES = {"personal-window": window, "reason": reason, "override": override}
BASES = {
    "base-tickets": tickets,
    "base-order-total": lambda inputs: Fraction(inputs["order_total"]),
    "base-payment": lambda inputs: Fraction(inputs["payment_amount"]),
}
AMOUNTS = {
    "percentage": percentage,
    "rounding": rounding,
    "refunded-before": refunded_before,
    "cap": cap,
}
# Under which name each step takes over the result of the one before.
CARRIED = {
    "override": "policy_percentage",
    "rounding": "exact",
    "refunded-before": "amount",
    "cap": "amount",
}


def recomputed(steps, rules):
    """The result of the last of these steps, after each was checked against its own inputs."""
    result = None
    for step in steps:
        if step.rule in rules:
            if result is not None:
                assert Fraction(step.inputs[CARRIED[step.rule]]) == result
            result = Fraction(rules[step.rule](step.inputs))
            assert Fraction(step.result) == result
    return result


def decider(inputs):
    if "reopened" in inputs:
        return "admin"
    if inputs["reason"] == "personal":
        return "automatic" if inputs["auto_approve"] == "true" else "organizer"
    return "admin" if inputs["reason"] == "postponed" else "automatic"
