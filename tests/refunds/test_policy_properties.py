"""What holds for the refund policy whatever it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from refunds.policy import (
    PERCENTAGES,
    Basis,
    Facts,
    Reason,
    TicketFacts,
    WindowClosed,
    assess,
)
from tests.refunds.policy_facts import SHORT, WHOLE_ORDER, rules_of
from tests.refunds.recomputed import AMOUNTS, BASES, SHARES, decider, recomputed

HALF_A_CENT = Fraction(1, 200)

money = st.decimals(0, 10**9, places=2)
prices = st.lists(money, min_size=1, max_size=6)
zones = st.sampled_from(
    [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Ho_Chi_Minh"), timezone(timedelta(hours=-9))]
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=zones)  # noqa: DTZ001
# Around the edges more than anywhere else.
lefts = st.one_of(
    st.timedeltas(timedelta(days=-3), timedelta(days=30)),
    st.builds(
        lambda hours, off: timedelta(hours=hours, microseconds=off),
        st.sampled_from([0, 120, 168]),
        st.integers(-2, 2),
    ),
)


def given_back(each):
    return tuple(TicketFacts(f"T{number}", price) for number, price in enumerate(each))


@st.composite
def any_facts(draw, reasons=tuple(Reason), overrides=(None, *PERCENTAGES)):
    """Of an order that makes sense; the tickets given back are some of its tickets."""
    all_prices = draw(prices)
    total = sum(all_prices)
    selected = all_prices[: draw(st.integers(1, len(all_prices)))]
    sale_end = draw(moments)
    return Facts(
        reason=draw(st.sampled_from(reasons)),
        requested_at=(sale_end.astimezone(UTC) - draw(lefts)).astimezone(draw(zones)),
        sale_end=sale_end,
        tickets=given_back(selected),
        order_total=total,
        refunded_before=draw(st.decimals(0, total, places=2)),
        auto_approve=draw(st.booleans()),
        payment_amount=draw(money),
        override=draw(st.sampled_from(overrides)),
    )


def assessed(facts):
    """Its assessment; facts that come too late are not what the property is about."""
    try:
        return assess(facts)
    except WindowClosed:
        return assume(False)


def answer(facts):
    """All that is told, whether it is granted or refused."""
    try:
        return repr(assess(facts))
    except WindowClosed as refused:
        return repr(vars(refused))


@given(any_facts())
def test_no_amount_is_negative_or_above_what_is_left(facts):
    assessment = assessed(facts)

    assert 0 <= assessment.amount <= assessment.base_amount
    assert not assessment.amount.is_signed()
    if assessment.basis is not Basis.PAYMENT:
        assert facts.refunded_before + assessment.amount <= facts.order_total


@given(any_facts())
def test_amounts_have_two_places_and_percentages_are_the_policys(facts):
    assessment = assessed(facts)

    assert assessment.percentage in PERCENTAGES
    for amount in (assessment.base_amount, assessment.amount):
        assert amount.as_tuple().exponent == -2


@given(any_facts())
def test_the_same_facts_have_the_same_answer(facts):
    assert answer(facts) == answer(facts)


@given(any_facts(), zones)
def test_the_zone_in_which_a_moment_is_written_changes_nothing(facts, zone):
    moved = Facts(
        **vars(facts)
        | {
            "requested_at": facts.requested_at.astimezone(zone),
            "sale_end": facts.sale_end.astimezone(zone),
        }
    )
    assert answer(moved) == answer(facts)


@given(any_facts())
def test_rounding_is_wrong_by_half_a_hundredth_at_most(facts):
    assessment = assessed(facts)
    exact = Fraction(assessment.base_amount) * assessment.percentage / 100
    if assessment.basis is Basis.ORDER_TOTAL:
        exact = max(exact - Fraction(facts.refunded_before), Fraction(0))
    if assessment.basis is not Basis.PAYMENT:
        exact = min(exact, Fraction(facts.order_total - facts.refunded_before))

    assert abs(Fraction(assessment.amount) - exact) <= HALF_A_CENT


@given(any_facts(reasons=(Reason.PERSONAL,), overrides=(None,)), lefts)
def test_asking_earlier_never_brings_less(facts, left):
    other = Facts(**vars(facts) | {"requested_at": facts.sale_end.astimezone(UTC) - left})
    early, late = sorted([facts, other], key=lambda each: each.requested_at.astimezone(UTC))

    assert amount_or_nothing(early) >= amount_or_nothing(late)


def amount_or_nothing(facts):
    """-1 if it is refused: less than nothing."""
    try:
        return assess(facts).amount
    except WindowClosed:
        return Decimal(-1)


@given(any_facts(reasons=(Reason.PERSONAL,), overrides=(None,)))
def test_it_is_refused_exactly_from_closed_at_on(facts):
    closes = facts.sale_end.astimezone(UTC) - SHORT
    is_late = facts.requested_at.astimezone(UTC) > closes

    assert (amount_or_nothing(facts) < 0) == is_late
    if is_late:
        with pytest.raises(WindowClosed) as refused:
            assess(facts)
        assert refused.value.closed_at == closes


@st.composite
def histories(draw):
    """An order's prices, and its tickets given back in some portions, each with its percentage."""
    all_prices = draw(prices)
    cuts = sorted(draw(st.sets(st.integers(1, len(all_prices)))))
    portions = [all_prices[start:end] for start, end in zip([0, *cuts], cuts, strict=False)]
    overrides = st.sampled_from([None, *PERCENTAGES])
    return all_prices, [(portion, draw(lefts), draw(overrides)) for portion in portions]


@given(histories(), st.sampled_from(WHOLE_ORDER))
def test_partial_refunds_and_a_whole_one_never_exceed_what_was_paid(history, last_reason):
    all_prices, portions = history
    sale_end = datetime(2026, 11, 30, tzinfo=UTC)
    total, returned = sum(all_prices), Decimal(0)

    for portion, left, override in portions:
        wish = Facts(
            Reason.PERSONAL,
            sale_end - left,
            sale_end,
            given_back(portion),
            total,
            returned,
            override=override,
        )
        returned += max(amount_or_nothing(wish), Decimal(0))
        assert returned <= total
    last = assess(Facts(last_reason, sale_end, sale_end, (), total, returned))

    due = Fraction(total) * last.percentage / 100
    assert returned + last.amount <= total
    assert Fraction(returned + last.amount) >= due - HALF_A_CENT
    if last_reason is not Reason.POSTPONED:
        assert returned + last.amount == total


@given(any_facts(reasons=WHOLE_ORDER))
def test_a_whole_order_refund_asked_for_again_brings_nothing_more(facts):
    first = assess(facts)
    returned = facts.refunded_before + first.amount

    assert assess(Facts(**vars(facts) | {"refunded_before": returned})).amount == 0


@given(any_facts())
def test_whoever_reads_the_steps_can_compute_the_amount(facts):
    assessment = assessed(facts)
    *money_steps, last = assessment.steps

    share = recomputed(money_steps, SHARES)
    base = recomputed(money_steps, BASES)
    amount = recomputed(money_steps, AMOUNTS)

    product = next(step for step in money_steps if step.rule == "percentage")
    assert (Fraction(product.inputs["base"]), int(product.inputs["percentage"])) == (base, share)
    assert (assessment.percentage, assessment.base_amount) == (share, base)
    assert assessment.amount == Decimal(money_steps[-1].result)
    assert Fraction(assessment.amount) == amount
    assert last.rule == "decided-by"
    assert last.result == assessment.decided_by == decider(last.inputs)


@given(any_facts())
def test_every_step_is_told_at_most_once_and_every_figure_is_text(facts):
    assessment = assessed(facts)

    rules = rules_of(assessment)
    assert len(rules) == len(set(rules))
    for step in assessment.steps:
        figures = [step.result, *step.inputs.values()]
        assert all(type(figure) is str and "E" not in figure for figure in figures)


@given(any_facts())
def test_the_steps_are_about_the_facts(facts):
    told = {}
    for step in assessed(facts).steps:
        told |= step.inputs

    assert told["reason"] == facts.reason
    expected = {
        "order_total": facts.order_total,
        "refunded_before": facts.refunded_before,
        "payment_amount": facts.payment_amount,
    }
    for name, value in expected.items():
        assert Decimal(told.get(name, value)) == value
    for name in {"requested_at", "sale_end"} & told.keys():
        moment = datetime.fromisoformat(told[name])
        assert moment == getattr(facts, name).astimezone(UTC)
        assert moment.utcoffset() == timedelta(0)
