"""What organizers, admins and the workers do with the house, the event and the jobs."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from refunds.services import pause_campaign, resume_campaign, start_campaign
from tests.machine.steps import any_number, pick, refusal_of, step
from ticketing import services
from ticketing.models import Event

PRICES = [0, 5_000_000, 33_330_100, 120_000_000]  # cents
WRONG_STATE = "wrong-event-state"


def open_event(machine):
    return not machine.house.is_closed


def of_event(machine, service, by=None):
    return refusal_of(
        service,
        event_id=machine.product.event.pk,
        by=by or machine.product.admin,
        reason="The machine wants it.",
    )


@step(
    number=any_number,
    chosen=st.sets(st.integers(0, 4), min_size=1, max_size=2),
    is_release=st.booleans(),
)
def block_seats(machine, number, chosen, is_release):
    """Named ones, free or not: all of them or none."""
    area = pick(machine.house.areas, number)
    before, after = ("blocked", "available") if is_release else ("available", "blocked")
    wanted = [area.places[n] for n in sorted({n % len(area.places) for n in chosen})]
    expected = WRONG_STATE if machine.house.is_closed else None
    if not expected and any(place.status != before for place in wanted):
        expected = "wrong-seat-state"
    found = refusal_of(
        services.release_seats if is_release else services.block_seats,
        showing_id=machine.product.showing.pk,
        seat_ids=machine.product.ids(wanted),
        by=machine.product.admin,
        reason="The cameras.",
    )
    assert found == expected
    for place in [] if expected else wanted:
        place.status = after


@step(number=any_number, count=st.integers(1, 3), is_release=st.booleans())
def block_places(machine, number, count, is_release):
    """So many of a field, whichever they are."""
    area = pick([area for area in machine.house.areas if area.is_standing], number)
    before, after = ("blocked", "available") if is_release else ("available", "blocked")
    wanted = area.in_state(before)[:count]
    expected = "too-few-places" if len(wanted) < count else None
    expected = WRONG_STATE if machine.house.is_closed else expected
    found = refusal_of(
        services.release_places if is_release else services.block_places,
        area_id=machine.product.pks[area],
        quantity=count,
        by=machine.product.admin,
        reason="The stage.",
    )
    assert found == expected
    for place in [] if expected else wanted:
        place.status = after


@step(number=any_number, seen=st.sampled_from(PRICES), price=st.sampled_from(PRICES))
def change_price(machine, number, seen, price):
    """By somebody who looked at it now, or some time ago."""
    area = pick(machine.house.areas, number)
    seen = area.price if number % 3 else seen
    expected = None if seen == area.price else "price-changed"
    expected = WRONG_STATE if machine.house.is_closed else expected
    new = services.NewPrice(machine.product.pks[area], Decimal(seen) / 100, Decimal(price) / 100)
    found = refusal_of(
        services.change_prices,
        showing_id=machine.product.showing.pk,
        prices=[new],
        by=machine.product.admin,
        reason="It sells well.",
    )
    assert found == expected
    area.price = area.price if expected else price


# What becomes of the event


@step(luck=st.integers(0, 1))
def postpone(machine, luck):
    if luck:
        return
    expected = None if machine.house.event == "published" else WRONG_STATE
    assert of_event(machine, services.postpone_event) == expected
    machine.house.event = machine.house.event if expected else "postponed"


@step(often=2, when=lambda machine: machine.house.event != "published")
def reinstate(machine):
    expected = None if machine.house.event == "postponed" else WRONG_STATE
    assert of_event(machine, services.reinstate_event) == expected
    machine.house.event = machine.house.event if expected else "published"


@step(is_withdrawn=st.booleans())
def ask_for_the_cancellation(machine, is_withdrawn):
    expected = WRONG_STATE if machine.house.event == "cancelled" else None
    ask = services.withdraw_cancellation if is_withdrawn else services.request_cancellation
    assert of_event(machine, ask) == expected
    if expected is None:
        machine.house.is_cancellation_wanted = not is_withdrawn


@step(luck=st.integers(0, 5))
def cancel_the_event(machine, luck):
    """Seldom: hardly anything can be asked for after it."""
    if not luck:
        expected = WRONG_STATE if machine.house.event == "cancelled" else None
        assert of_event(machine, services.confirm_cancellation) == expected
        machine.house.event = "cancelled"


FRAUD = {
    "investigate": (services.investigate_event, {"none", "cleared"}, "investigating"),
    "confirm": (services.confirm_fraud, {"investigating"}, "confirmed"),
    "clear": (services.clear_event, {"investigating", "confirmed"}, "cleared"),
}


@step(what=st.sampled_from(sorted(FRAUD)))
def look_into_fraud(machine, what):
    service, sources, target = FRAUD[what]
    expected = None if machine.house.fraud in sources else WRONG_STATE
    assert of_event(machine, service) == expected
    if expected is None:
        machine.house.fraud = target
        machine.house.is_frozen |= target == "confirmed"


@step(when=lambda machine: machine.house.is_frozen, is_second=st.booleans())
def lift_the_freeze(machine, is_second):
    house, product = machine.house, machine.product
    expected = None if house.fraud == "cleared" else WRONG_STATE
    expected = expected or (None if is_second else "second-admin-needed")
    by = product.second_admin if is_second else product.admin
    assert of_event(machine, services.lift_revenue_freeze, by) == expected
    house.is_frozen = expected is not None


@step(
    often=4,
    when=lambda machine: machine.house.campaigns,
    number=any_number,
    what=st.sampled_from(["start", "start", "pause", "resume"]),
)
def decide_about_a_campaign(machine, number, what):
    campaign = pick(list(machine.house.campaigns.values()), number)
    has_ground = machine.house.has_ground(campaign)
    leads = {"start": ("draft", "running"), "pause": ("running", "paused")}
    source, target = leads.get(what, ("paused", "running"))
    is_possible = campaign.status == source and (has_ground or what == "pause")
    is_repeat = what == "start" and campaign.status == "running"
    services = {"start": start_campaign, "pause": pause_campaign, "resume": resume_campaign}
    found = refusal_of(
        services[what],
        campaign_id=machine.product.pks[campaign],
        by=machine.product.admin,
        reason="The machine wants it.",
    )
    assert found == (None if is_possible or is_repeat else "campaign-not-possible")
    campaign.status = target if is_possible else campaign.status


def same_event(machine):
    """Nothing of the event is left to be guessed."""
    event, house = Event.objects.get(pk=machine.product.event.pk), machine.house
    assert (event.status, event.fraud_status) == (house.event, house.fraud)
    assert (event.revenue_frozen_at is not None) == house.is_frozen
    assert (event.cancellation_requested_at is not None) == house.is_cancellation_wanted


# What the workers do


@step(
    often=5,
    when=lambda machine: machine.product.jobs_at_hand(),
    number=any_number,
    is_repeated=st.booleans(),
)
def run_a_job(machine, number, is_repeated):
    """In any order, and now and then twice."""
    job = pick(machine.product.jobs_at_hand(), number)
    machine.product.run(job)
    machine.product.catch_up()
    if is_repeated:
        machine.product.run_once_more(job)


@step(often=3, when=lambda machine: machine.product.jobs_at_hand())
def run_all_jobs(machine):
    for job in machine.product.jobs_at_hand():
        machine.product.run(job)
        machine.product.catch_up()
