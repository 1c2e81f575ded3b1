"""Whatever people, jobs and the provider do: the money is where a plain model has it."""

from __future__ import annotations

import os
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from jobs.models import Job
from jobs.outbox import handler_of
from orders.models import Order
from orders.services import check_in
from payments.models import Payment, PaymentCase, Reversal
from payments.providers import RefundState
from refunds import services
from refunds.models import Refund
from refunds.policy import PERCENTAGES, Reason
from tests.factories import EventFactory, ShowingFactory, from_now, paid_order, seats_in_area
from tests.refunds.money_model import OVER, UNDECIDED, AnOrder, ATicket, World
from tests.refunds.moved import leave_unclear, new_admin, paid_twice, say
from tests.refunds.test_state_machine import everywhere, whole
from tests.rules import broken_rules
from ticketing.errors import DomainError
from ticketing.services import confirm_cancellation, postpone_event, reinstate_event

PRICES = [0, 1, 13, 33_333, 9_999_999, 50_000_000, 12_345_678_900]  # cents
TOPICS = [
    "refunds.pay_back",
    "payments.reversal_ended",
    "payments.reversal_unclear",
    "payments.case_opened",
]
SETTLED = {
    "retry": lambda **who: services.retry_refund(note="The portal shows nothing.", **who),
    "paid": lambda **who: services.mark_refund_paid(evidence="Transfer FT26325001.", **who),
    "paid there": lambda **who: services.mark_refund_paid(
        evidence="The portal shows it.", by_provider=True, **who
    ),
    "failed": lambda **who: services.mark_refund_failed(reason="The card was stolen.", **who),
}

ANY = 20
any_number = st.integers(0, 23)


STEPS: dict[str, tuple] = {}


def step(*, often=1, when=lambda self: True, **drawn):
    """Make a method a step of the machine, with what it draws, and when there is a point in it.

    Hypothesis would leave out some rules in each run, and it takes many to get money back.
    """

    def note(act):
        STEPS[act.__name__] = (act, often, when, drawn)
        return act

    return note


def cents(amount):
    return int(amount * 100)


def pick(rows, number):
    return rows[number % len(rows)]


class Refunding(RuleBasedStateMachine):
    """One event with one or two paid orders; every step is done to the database and to the model.

    All is rolled back in the end, so that one run never sees another.
    """

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.pks = {}

    @initialize(
        priced=st.lists(
            st.lists(st.sampled_from(PRICES), min_size=1, max_size=4), min_size=1, max_size=2
        ),
        is_automatic=st.booleans(),
    )
    def sell(self, priced, is_automatic):
        event = EventFactory(auto_approve_refund=is_automatic)
        ends = from_now(days=10)
        showing = ShowingFactory(event=event, ticket_sale_end=ends, starts_at=from_now(days=11))
        self.event_id, self.admin = event.pk, new_admin()
        self.world = World([AnOrder([ATicket(p) for p in each]) for each in priced], is_automatic)
        for order in self.world.orders:
            seats = [
                seats_in_area(1, showing=showing, price=Decimal(ticket.price) / 100)[0]
                for ticket in order.tickets
            ]
            self.pks[order] = paid_order(seats).pk

    # What the steps are about

    def order(self, number):
        return pick(self.world.orders, number)

    def stored(self, order):
        return Order.objects.get(pk=self.pks[order])

    def tickets(self, order):
        return list(self.stored(order).tickets.order_by("seat_id"))

    def refunds(self):
        return [(order, refund) for order in self.world.orders for refund in order.refunds]

    def target(self, number, *statuses):
        """Mostly one for which the step is meant, now and then any other."""
        meant = [both for both in self.refunds() if both[1].status in statuses]
        return pick(meant if meant and number < ANY else self.refunds(), number)

    def reversals(self):
        """Who waits for which reversal, by the id of the reversal."""
        known = dict(Refund.objects.filter(reversal__isnull=False).values_list("pk", "reversal"))
        found = {known.get(self.pks[both[1]]): both for both in self.refunds()}
        return {pk: both for pk, both in found.items() if pk}

    def has_refunds(self):
        return any(order.refunds for order in self.world.orders)

    def attempt(self, refusal, action, **arguments):
        """Do it, or see it refused with that code and nothing changed."""
        if refusal is None:
            return action(**arguments)
        before = everywhere()
        with pytest.raises(DomainError) as refused:
            action(**arguments)
        assert refused.value.code == refusal
        assert everywhere() == before
        return None

    @rule(data=st.data())
    def somebody_does_something(self, data):
        possible = [
            name for name, (_, often, when, _) in STEPS.items() for _ in range(often) if when(self)
        ]
        act, _often, _when, drawn = STEPS[data.draw(st.sampled_from(possible), label="step")]
        act(self, **{name: data.draw(what, label=name) for name, what in drawn.items()})

    # What people do

    @step(often=2, number=any_number, chosen=st.sets(st.integers(0, 3), min_size=1))
    def ask_for_tickets(self, number, chosen):
        order = self.order(number)
        wanted = frozenset(n % len(order.tickets) for n in chosen)
        tickets = self.tickets(order)
        self.ask(order, "personal", wanted, [tickets[n].code for n in sorted(wanted)])

    @step(when=lambda self: self.world.event != "published", number=any_number)
    def ask_for_the_whole_order(self, number):
        self.ask(self.order(number), "postponed", frozenset(), None)

    def ask(self, order, reason, wanted, codes):
        stored = self.stored(order)
        refusal = self.world.refusal_of_request(order, reason, wanted)
        refund = self.attempt(
            refusal,
            services.request_refund,
            order_id=stored.pk,
            requester=stored.customer,
            reason=Reason(reason),
            ticket_codes=codes,
        )
        if refusal is None:
            self.pks[self.world.request(order, reason, wanted)] = refund.pk

    @step(when=has_refunds, number=any_number)
    def approve(self, number):
        order, refund = self.target(number, *UNDECIDED)
        refusal = self.world.refusal_of_approval(order, refund)
        self.attempt(refusal, services.approve_refund, refund_id=self.pks[refund], by=self.admin)
        if refusal is None:
            refund.status = "approved"

    @step(when=has_refunds, number=any_number)
    def reject(self, number):
        _order, refund = self.target(number, *UNDECIDED)
        refusal = None if refund.is_undecided else "refund-already-decided"
        self.attempt(
            refusal,
            services.reject_refund,
            refund_id=self.pks[refund],
            by=self.admin,
            reason="The hall is booked.",
        )
        if refusal is None:
            refund.status = "rejected"

    @step(when=has_refunds, number=any_number, percentage=st.sampled_from(PERCENTAGES))
    def override(self, number, percentage):
        order, refund = self.target(number, *UNDECIDED, "approved", "rejected")
        refusal = self.world.refusal_of_override(order, refund, percentage)
        self.attempt(
            refusal,
            services.override_refund,
            refund_id=self.pks[refund],
            percentage=percentage,
            by=self.admin,
            note="Looked at it.",
        )
        if refusal is None:
            self.world.override(order, refund, percentage)

    @step(often=3, when=has_refunds, number=any_number, way=st.sampled_from(sorted(SETTLED)))
    def settle(self, number, way):
        order, refund = self.target(number, "payment_failed")
        refusal = self.world.refusal_of_settling(order, refund, way)
        self.attempt(refusal, SETTLED[way], refund_id=self.pks[refund], by=self.admin)
        if refusal is None:
            self.world.settle(order, refund, way)

    @step(number=any_number, chosen=any_number)
    def go_in(self, number, chosen):
        order = self.order(number)
        chosen %= len(order.tickets)
        refusal = self.world.refusal_at_the_door(order, chosen)
        self.attempt(refusal, check_in, code=self.tickets(order)[chosen].code, by=self.admin)
        if refusal is None:
            order.tickets[chosen].status = "used"

    # What becomes of the event

    @step(when=lambda self: self.world.event == "published")
    def postpone(self):
        postpone_event(event_id=self.event_id, by=self.admin, reason="The singer is ill.")
        self.world.event = "postponed"

    @step(often=2, when=lambda self: self.world.event == "postponed")
    def reinstate(self):
        reinstate_event(event_id=self.event_id, by=self.admin, reason="The singer is well.")
        self.world.event = "published"

    @step(
        when=lambda self: self.world.event != "cancelled" and self.has_refunds(),
        luck=st.integers(0, 11),
    )
    def cancel(self, luck):
        """Seldom: hardly anything can be asked for after it."""
        if not luck:
            confirm_cancellation(event_id=self.event_id, by=self.admin, reason="It rains.")
            self.world.event = "cancelled"

    @step(when=lambda self: self.world.event == "cancelled", number=any_number)
    def refund_the_whole_order(self, number):
        order = self.order(number)
        refund = whole(self.stored(order))
        expected = self.world.refund_whole(order)
        assert (refund is None) == (expected is None)
        if expected is not None:
            self.pks[expected] = refund.pk

    # What the provider and the jobs do

    @step(when=lambda self: any(order.total for order in self.world.orders), number=any_number)
    def pay_twice(self, number):
        order = self.order(number)
        if order.total and not any(refund.is_of_case for refund in order.refunds):
            case = paid_twice(self.stored(order))
            refund = services.refund_case(case_id=case.pk)
            self.pks[self.world.refund_second_payment(order)] = refund.pk

    @step(
        often=4,
        when=lambda self: any(each.is_open for _, each in self.refunds()),
        number=any_number,
        state=st.sampled_from([RefundState.DONE, RefundState.REJECTED, None]),
        is_told=st.booleans(),
    )
    def provider_says(self, number, state, is_told):
        """The refund learns of it at once, or by a job after somebody has settled it."""
        told = [(pk, both) for pk, both in self.reversals().items() if both[1].is_open]
        pk, (_order, refund) = pick(sorted(told), number)
        if state is None:
            leave_unclear(pk)
        else:
            say(pk, state)
            refund.reversal.status = "succeeded" if state is RefundState.DONE else "rejected"
        if is_told or state is None:
            self.run_jobs("payments.reversal_ended", "payments.reversal_unclear")

    @step(
        often=2,
        when=lambda self: Job.objects.filter(topic__in=TOPICS).exists(),
        number=any_number,
        is_repeated=st.booleans(),
    )
    def run_a_job(self, number, is_repeated):
        job = pick(list(Job.objects.filter(topic__in=TOPICS).order_by("pk")), number)
        self.run(job)
        if is_repeated:
            self.run(job)
        job.delete()

    @step(when=lambda self: Job.objects.filter(topic__in=TOPICS).exists())
    def run_all_jobs(self):
        self.run_jobs(*TOPICS)

    def run_jobs(self, *topics):
        for job in Job.objects.filter(topic__in=topics).order_by("pk"):
            self.run(job)
            job.delete()

    def run(self, job):
        reversals = self.reversals()
        handler_of(job.topic)(**job.payload)
        if job.topic == "refunds.pay_back":
            self.world.pay_back(*self.refund_of(job.payload["refund_id"]))
        elif job.topic != "payments.case_opened" and job.payload["reversal_id"] in reversals:
            is_unclear = job.topic == "payments.reversal_unclear"
            order, refund = reversals[job.payload["reversal_id"]]
            self.world.record(order, refund, is_unclear=is_unclear)

    def refund_of(self, pk):
        return next(both for both in self.refunds() if self.pks[both[1]] == pk)

    @step(when=has_refunds, number=any_number)
    def sweep(self, number):
        """Nobody asked for it: a repeat, or a job that came too early."""
        order, refund = pick(self.refunds(), number)
        services.pay_back(refund_id=self.pks[refund])
        self.world.pay_back(order, refund)

    # What must be true

    @invariant()
    def the_database_agrees_with_the_model(self):
        self.same_refunds()
        for order in self.world.orders:
            self.same_order(order)
        sent = [each.reversal for _, each in self.refunds() if each.reversal is not None]
        expected = sum(each.amount for each in sent if each.status != "rejected")
        assert expected == cents(Payment.objects.aggregate(sum=Sum("reversed_amount"))["sum"] or 0)

    def same_order(self, order):
        stored = self.stored(order)
        money = (stored.total_amount, stored.refunded_amount, stored.refund_reserved_amount)
        assert tuple(map(cents, money)) == (order.total, order.refunded, order.reserved)
        assert order.refunded + order.reserved <= order.total
        assert stored.status == order.status
        tickets = [
            (ticket.status, ticket.refund_approved_at is not None, ticket.seat.status)
            for ticket in stored.tickets.select_related("seat").order_by("seat_id")
        ]
        assert tickets == [
            (ticket.status, n in order.barred, "available" if ticket.is_seat_back else "sold")
            for n, ticket in enumerate(order.tickets)
        ]

    def same_refunds(self):
        live = Count("tickets", filter=Q(tickets__is_live=True))
        stored = {each.pk: each for each in Refund.objects.annotate(live=live)}
        assert set(stored) == {self.pks[refund] for _, refund in self.refunds()}
        for refund in (refund for _, refund in self.refunds()):
            now = stored[self.pks[refund]]
            assert (now.status, now.percentage_applied) == (refund.status, refund.percentage)
            assert (cents(now.base_amount), cents(now.amount)) == (refund.base, refund.amount)
            assert now.live == (0 if refund.status in OVER else len(refund.tickets))

    def teardown(self):
        try:
            if self.pks:
                self.nothing_is_broken()
                self.all_that_is_approved_arrives()
                self.nothing_is_broken()
        finally:
            transaction.savepoint_rollback(self.savepoint)

    def nothing_is_broken(self):
        connection.check_constraints()
        assert broken_rules() == {}

    def all_that_is_approved_arrives(self):
        """Only by the jobs that there are, once the provider says done: nothing is forgotten."""
        for _ in range(200):
            job = Job.objects.filter(topic__in=TOPICS).order_by("pk").first()
            if job is not None:
                self.run(job)
                job.delete()
            elif (open_one := Reversal.objects.open().order_by("pk").first()) is not None:
                _order, refund = self.reversals()[open_one.pk]
                say(open_one.pk, RefundState.DONE)
                refund.reversal.status = "succeeded"
            else:
                break
        self.the_database_agrees_with_the_model()
        assert not {each.status for _, each in self.refunds()} & {"approved", "processing"}
        backs = [
            each for _, each in self.refunds() if each.is_of_case and each.status == "completed"
        ]
        assert PaymentCase.objects.filter(status="resolved").count() == len(backs)


def test_the_money_is_always_where_the_model_has_it():
    run_state_machine_as_test(
        Refunding,
        settings=settings(
            max_examples=int(os.environ.get("MODEL_EXAMPLES", "15")),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
