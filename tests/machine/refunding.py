"""What customers, organizers and admins do about money that is to go back."""

from __future__ import annotations

from hypothesis import strategies as st

from refunds import services
from refunds.policy import PERCENTAGES, Reason
from tests.machine.steps import OFTEN, any_number, pick, refusal_of, step
from tests.refunds.money_model import UNDECIDED
from tests.refunds.test_refund_machine import SETTLED


def has_refunds(machine):
    return machine.product.refunds()


def has_failed(machine):
    return any(refund.status == "payment_failed" for _sale, refund in machine.product.refunds())


def target(machine, number, *statuses):
    """Mostly one for which the step is meant, now and then any other."""
    known = machine.product.refunds()
    meant = [both for both in known if both[1].status in statuses]
    return pick(meant if meant and number < OFTEN else known, number)


def of_refund(machine, refund, service, **given):
    given = {"refund_id": machine.product.pks[refund], "by": machine.product.admin, **given}
    return refusal_of(service, **given)


@step(
    often=4,
    when=lambda machine: any(sale.is_settled for sale in machine.house.orders),
    number=any_number,
    chosen=st.sets(st.integers(0, 2), min_size=1),
    is_whole=st.booleans(),
)
def ask_for_money_back(machine, number, chosen, is_whole):
    """For some tickets; for the whole order if the event is postponed."""
    house, product = machine.house, machine.product
    settled = [sale for sale in house.orders if sale.is_settled]
    sale = pick(settled if number < OFTEN else house.orders, number)
    reason = "postponed" if is_whole and house.event != "published" else "personal"
    wanted, codes = frozenset(), None
    if reason == "personal" and sale.is_settled:
        wanted = frozenset(n % len(sale.tickets) for n in chosen)
        codes = [product.tickets(sale)[n].code for n in sorted(wanted)]
    expected = house.refusal_of_asking(sale, reason, wanted)
    found = refusal_of(
        services.request_refund,
        order_id=product.pks[sale],
        requester=product.customers[sale.customer],
        reason=Reason(reason),
        ticket_codes=codes,
    )
    assert found == expected
    if expected is None:
        house.request(sale, reason, wanted)


@step(often=3, when=has_refunds, number=any_number)
def approve(machine, number):
    sale, refund = target(machine, number, *UNDECIDED)
    expected = machine.house.refusal_of_approval(sale, refund)
    assert of_refund(machine, refund, services.approve_refund) == expected
    if expected is None:
        refund.status = "approved"


@step(when=has_refunds, number=any_number)
def reject(machine, number):
    _sale, refund = target(machine, number, *UNDECIDED)
    expected = None if refund.is_undecided else "refund-already-decided"
    found = of_refund(machine, refund, services.reject_refund, reason="The hall is booked.")
    assert found == expected
    if expected is None:
        refund.status = "rejected"


@step(when=has_refunds, number=any_number, percentage=st.sampled_from(PERCENTAGES))
def override(machine, number, percentage):
    sale, refund = target(machine, number, *UNDECIDED, "approved", "rejected")
    expected = machine.house.refusal_of_override(sale, refund, percentage)
    given = {"percentage": percentage, "note": "Looked at it."}
    assert of_refund(machine, refund, services.override_refund, **given) == expected
    if expected is None:
        machine.house.override(sale, refund, percentage)


@step(when=has_refunds, number=any_number)
def pay_back_unasked(machine, number):
    """A repeat, or a job that came too early."""
    sale, refund = pick(machine.product.refunds(), number)
    services.pay_back(refund_id=machine.product.pks[refund])
    machine.house.pay_back(sale, refund)


@step(often=4, when=has_failed, number=any_number, way=st.sampled_from(sorted(SETTLED)))
def settle_a_failed_refund(machine, number, way):
    """By an admin who has looked at the provider's portal before, and acts on what is there."""
    sale, refund = target(machine, number, "payment_failed")
    is_open = refund.is_open
    if is_open and machine.product.is_back(refund):
        way = "paid"
    elif is_open and way == "paid":
        way = "failed"
    expected = machine.house.refusal_of_settling(sale, refund, way)
    assert of_refund(machine, refund, SETTLED[way]) == expected
    if expected is None:
        machine.house.settle(sale, refund, way)
        if way == "paid" and not is_open:
            machine.product.by_hand[refund] = refund.amount
