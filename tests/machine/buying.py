"""What customers, their banks and the clock do."""

from __future__ import annotations

from hypothesis import strategies as st

from orders.services import cancel_order, check_in, expire_untried
from payments.services import settle_order, settle_overdue_orders
from tests.machine.product import MOODS
from tests.machine.steps import OFTEN, any_number, pick, refusal_of, step
from tests.machine.things import AnAttempt

AT_BANK = {"success": "paid", "cancel": "failed", "fraud": "review", "left": "pending"}


def has_sales(machine):
    return machine.house.orders


def attempts(machine):
    return [(sale, each) for sale in machine.house.orders for each in sale.attempts]


def undecided(machine):
    undone = (None, "pending", "review")
    return [each for _sale, each in attempts(machine) if each.at_bank in undone]


def sale_for(machine, number):
    """Mostly one that waits for payment."""
    waiting = [sale for sale in machine.house.orders if sale.is_pending]
    return pick(waiting if waiting and number < OFTEN else machine.house.orders, number)


@step(
    often=5,
    customer=st.integers(0, 2),
    number=any_number,
    chosen=st.sets(st.integers(0, 4), min_size=1, max_size=3),
    is_repeated=st.booleans(),
)
def place(machine, customer, number, chosen, is_repeated):
    """Seats of an area, mostly free ones, or so many places of a field."""
    area = pick(machine.house.areas, number)
    seats = (number < OFTEN and area.in_state("available")) or area.places
    wanted = [seats[n] for n in sorted({n % len(seats) for n in chosen})]
    count = len(chosen) if area.is_standing else len(wanted)
    wanted = area.places if area.is_standing else wanted
    expected = machine.house.place(customer, wanted, count)
    wish = (customer, wanted, count, f"order {len(machine.product.pks)}")
    if isinstance(expected, str):
        assert refusal_of(machine.product.place, *wish) == expected
        return
    order = machine.product.place(*wish)
    machine.product.pks[expected] = order.pk
    machine.house.give(expected, machine.product.held_places(order, area))
    if is_repeated:
        assert machine.product.place(*wish).pk == machine.product.pks[expected]


@step(often=5, when=has_sales, number=any_number, luck=st.integers(0, 5))
def start_to_pay(machine, number, luck):
    """Once in a while the link that the bank sees asks for another amount."""
    sale = sale_for(machine, number)
    expected = machine.house.refusal_of_paying(sale)
    if expected:
        assert refusal_of(machine.product.start_payment, sale=sale) == expected
        return
    attempt = AnAttempt(is_other_amount=luck == 0)
    machine.product.pks[attempt] = machine.product.start_payment(sale).pk
    sale.attempts.append(attempt)


@step(
    often=8,
    when=undecided,
    number=any_number,
    outcome=st.sampled_from(["success", "success", "success", *AT_BANK]),
    is_told=st.booleans(),
)
def act_at_the_bank(machine, number, outcome, is_told):
    """In time or long after it; we hear of it at once, later, often, or never."""
    attempt = pick(undecided(machine), number)
    if attempt.at_bank is None:
        machine.product.open_link(attempt)
    attempt.at_bank = AT_BANK[outcome]
    machine.product.decide(attempt, outcome)
    if is_told and outcome != "left":
        tell(machine, len(machine.product.calls) - 1, is_ipn=True)


@step(
    often=3,
    when=lambda machine: machine.product.calls,
    number=any_number,
    is_ipn=st.booleans(),
    times=st.integers(1, 2),
)
def hear_from_the_bank(machine, number, is_ipn, times):
    """Any word that was ever said of any attempt, however old it is by now."""
    for _ in range(times):
        tell(machine, number, is_ipn)


def tell(machine, number, is_ipn):
    attempt, word, query = pick(machine.product.calls, number)
    sale = next(sale for sale, each in attempts(machine) if each is attempt)
    expected = machine.house.hear(sale, attempt, word)
    if is_ipn:
        assert machine.product.call_ipn(query) == expected
    else:
        machine.product.come_back(query)


def buy(machine, customer, number):
    """What most customers do, unless others were faster."""
    place(machine, customer, number, {number % 5}, is_repeated=False)
    if has_sales(machine):
        start_to_pay(machine, number, luck=1)
    if undecided(machine):
        act_at_the_bank(machine, number, "success", is_told=True)


@step(when=has_sales, number=any_number)
def cancel(machine, number):
    sale = sale_for(machine, number)
    expected = machine.house.cancel(sale)
    by = machine.product.customers[sale.customer]
    assert refusal_of(cancel_order, order_id=machine.product.pks[sale], by=by) == expected


@step(often=2, when=lambda m: any(sale.is_settled for sale in m.house.orders), number=any_number)
def go_in(machine, number):
    sale = pick([sale for sale in machine.house.orders if sale.is_settled], number)
    chosen = number % len(sale.tickets)
    expected = machine.house.refusal_at_the_door(sale, chosen)
    code = machine.product.tickets(sale)[chosen].code
    assert refusal_of(check_in, code=code, by=machine.product.admin) == expected
    if expected is None:
        sale.tickets[chosen].status = "used"


@step(often=2, when=has_sales, minutes=st.sampled_from([4, 4, 16, 80]))
def time_passes(machine, minutes):
    """Never to the very minute in which something ends."""
    machine.product.let_time_pass(minutes)


@step(often=2, mood=st.sampled_from(["fair", *MOODS]))
def change_mood(machine, mood):
    """Of the provider, until it changes again."""
    machine.product.change_mood(mood)


@step(when=has_sales, number=any_number)
def settle_one(machine, number):
    """Nobody asked for it: a repeat, or a job that came too early."""
    sale = sale_for(machine, number)
    machine.house.settle_order(sale, is_answering=machine.product.is_answering)
    settle_order(order_id=machine.product.pks[sale])


@step(often=2, when=has_sales)
def sweep_orders(machine):
    machine.house.expire_untried()
    for sale in machine.house.orders:
        if sale.is_pending:
            machine.house.settle_order(sale, is_answering=machine.product.is_answering)
    assert not settle_overdue_orders(limit=100).failed


@step(when=has_sales)
def sweep_untried_orders(machine):
    machine.house.expire_untried()
    expire_untried(limit=100)
