"""Everybody decides about the same refunds at the same moment, on real connections."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import combinations, cycle, islice
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.db.models import Count, Sum
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.models import Order, OrderQuerySet, SeatHold, SeatHoldQuerySet, Ticket, TicketQuerySet
from orders.services import check_in, place_order
from payments.models import PaymentQuerySet, Reversal, ReversalQuerySet
from payments.providers import RefundState
from refunds.models import Refund, RefundTicket
from refunds.models.refund import RefundQuerySet
from refunds.operations.whole_orders import refund_whole_orders
from refunds.policy import Reason
from refunds.services import (
    approve_refund,
    mark_refund_failed,
    mark_refund_paid,
    override_refund,
    pay_back,
    record_reversal,
    refund_case,
    reject_refund,
    request_refund,
    retry_refund,
)
from tests.concurrency.conftest import broken_rules, run_together
from tests.factories import (
    CustomerFactory,
    from_now,
    paid_order,
    seats_in_area,
    showing_with_sale_end,
)
from tests.refunds.moved import (
    approved,
    ask,
    new_admin,
    paid_twice,
    payment_failed,
    postpone,
    processing,
    say,
    unclear,
)
from tests.refunds.test_requests import reread
from ticketing.models import Event, Seat

NOBODY_WAITS_LONGER = 10


def order_of(count, showing=None):
    """Paid, with that many tickets of 500,000 VND; 80 % go back for a personal reason."""
    return paid_order(seats_in_area(count, showing=showing or showing_with_sale_end(days=10)))


def tickets_of(order):
    return list(order.tickets.order_by("pk"))


def approve_by_itself(order):
    Event.objects.filter(pk=order.event_id).update(auto_approve_refund=True)


def asks(order, tickets=None, reason=Reason.PERSONAL):
    return partial(ask, order, tickets, reason)


def approves(refund, by):
    return lambda: approve_refund(refund_id=refund.pk, by=by)


def rejects(refund, by):
    return lambda: reject_refund(refund_id=refund.pk, by=by, reason="The hall is booked.")


def overrides(refund, percentage, by):
    return lambda: override_refund(
        refund_id=refund.pk, percentage=percentage, by=by, note="Looked at it."
    )


def pays_back(refund):
    return lambda: pay_back(refund_id=refund.pk)


def records(refund):
    return partial(record_reversal, reversal_id=reread(refund).reversal_id)


def times(count, *actions):
    return [action for action in actions for _ in range(count)]


def reserved(order):
    return reread(order).refund_reserved_amount


def moves(refund, transition):
    log = StateLog.objects.filter(object_id=refund.pk, content_type__model="refund")
    return log.filter(transition=transition).count()


def jobs_for(refund):
    return Job.objects.filter(topic="refunds.pay_back", payload={"refund_id": refund.pk}).count()


def one(rows, pk):
    return rows.get(pk=pk)


def some(rows):
    return list(rows.order_by("pk"))


@pytest.fixture
def take_away(monkeypatch):
    """Take locks away; two callers meet in the first, so that both have read before one writes."""

    def take(meeting, *others):
        both_have_read = Barrier(2)

        def meet(read):
            def read_together(*args):
                found = read(*args)
                both_have_read.wait(timeout=NOBODY_WAITS_LONGER)
                return found

            return read_together

        monkeypatch.setattr(meeting, "get_for_update", meet(one))
        monkeypatch.setattr(meeting, "lock", meet(some))
        for rows in others:
            monkeypatch.setattr(rows, "get_for_update", one)
            monkeypatch.setattr(rows, "lock", some)

    return take


@pytest.fixture
def without_rule():
    """Drop unique rules; they are back afterwards, and all that broke them is gone."""
    made = []

    def drop(*names):
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [name])
                made.append(cursor.fetchone()[0])
                cursor.execute(f"DROP INDEX {name}")

    yield drop
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orders_order CASCADE")
        for definition in made:
            cursor.execute(definition)


# Asking


@pytest.mark.parametrize("is_automatic", [False, True])
def test_fifty_requests_for_overlapping_tickets_take_each_ticket_once(is_automatic):
    order = order_of(6)
    Event.objects.filter(pk=order.event_id).update(auto_approve_refund=is_automatic)
    pairs = islice(cycle(combinations(tickets_of(order), 2)), 50)

    outcomes = run_together(asks(order, pair) for pair in pairs)

    taken = RefundTicket.objects.live().values_list("ticket", flat=True)
    assert set(outcomes) == {"done", "ticket-not-refundable"}
    assert 2 <= outcomes["done"] <= 3
    assert len(taken) == len(set(taken)) == 2 * outcomes["done"]
    assert reserved(order) == (outcomes["done"] * 800_000 if is_automatic else 0)
    assert broken_rules() == {}


def test_fifty_requests_for_the_whole_order_make_one():
    order = order_of(3)
    postpone(order.event_id)

    outcomes = run_together(times(50, asks(order, reason=Reason.POSTPONED)))

    assert outcomes == {"done": 1, "ticket-not-refundable": 49}
    assert Refund.objects.get().amount == 1_350_000
    assert broken_rules() == {}


def topped_up():
    """All of its tickets are in an approved refund of 80 %; 90 % are offered now."""
    order = order_of(3)
    approved(order, tickets_of(order))
    postpone(order.event_id)
    return order


def test_fifty_requests_for_what_is_missing_make_one():
    """No ticket is left by which the database could tell them apart."""
    order = topped_up()

    outcomes = run_together(times(50, asks(order, reason=Reason.POSTPONED)))

    assert outcomes == {"done": 1, "ticket-not-refundable": 49}
    assert Refund.objects.get(reason="postponed").amount == 150_000
    assert broken_rules() == {}


def test_a_request_repeated_with_its_key_is_made_once():
    order = order_of(3)
    again = partial(
        request_refund,
        order_id=order.pk,
        requester=order.customer,
        reason=Reason.PERSONAL,
        idempotency_key="5f1c",
        request_digest="the same",
    )

    outcomes = run_together(times(20, again))

    assert outcomes == {"done": 20}
    assert Refund.objects.count() == 1
    assert broken_rules() == {}


def test_control_without_the_lock_the_database_keeps_a_ticket_in_one_refund(take_away):
    order = order_of(1)
    take_away(OrderQuerySet)

    outcomes = run_together(times(2, asks(order)))

    assert outcomes == {"done": 1, "IntegrityError": 1}
    assert broken_rules() == {}


def test_control_without_lock_and_rule_a_ticket_is_in_two_refunds(take_away, without_rule):
    order = order_of(1)
    take_away(OrderQuerySet)
    without_rule("refund_one_live_per_ticket")

    outcomes = run_together(times(2, asks(order)))

    assert outcomes == {"done": 2}
    assert broken_rules() == {"ticket_in_one_live_refund": 1}


def test_control_without_the_lock_what_is_missing_is_asked_for_twice(take_away):
    order = topped_up()
    take_away(OrderQuerySet)

    outcomes = run_together(times(2, asks(order, reason=Reason.POSTPONED)))

    assert outcomes == {"done": 2}
    assert Refund.objects.filter(reason="postponed").count() == 2


# Deciding


def test_twenty_approvals_of_one_refund_reserve_once():
    order = order_of(2)
    refund = ask(order, tickets_of(order)[:1])
    admins = [new_admin() for _ in range(20)]

    outcomes = run_together(approves(refund, admin) for admin in admins)

    assert outcomes == {"done": 1, "refund-already-decided": 19}
    assert reserved(order) == 400_000
    assert (jobs_for(refund), moves(refund, "approve")) == (1, 1)
    assert broken_rules() == {}


def test_control_without_locks_two_approvals_are_two_jobs(take_away):
    refund = ask(order_of(2))
    admins = [new_admin(), new_admin()]
    take_away(OrderQuerySet, RefundQuerySet)

    outcomes = run_together(approves(refund, admin) for admin in admins)

    assert outcomes == {"done": 2}
    assert (jobs_for(refund), moves(refund, "approve")) == (2, 2)


def test_whoever_decides_first_has_decided():
    showing, admin = showing_with_sale_end(days=10), new_admin()
    refunds = [ask(order_of(2, showing)) for _ in range(10)]

    outcomes = run_together(
        action
        for refund in refunds
        for action in (
            approves(refund, admin),
            rejects(refund, admin),
            overrides(refund, 0, admin),
            overrides(refund, 100, admin),
        )
    )

    assert set(outcomes) <= {"done", "refund-already-decided", "refund-override-not-allowed"}
    for refund in map(reread, refunds):
        is_approved = refund.status == "approved"
        assert refund.status in ("approved", "rejected")
        assert moves(refund, "reject") == (0 if is_approved else 1)
        assert moves(refund, "approve") <= 1
        assert reserved(refund.order) == (refund.amount if is_approved else 0)
        assert refund.tickets.live().count() == (2 if is_approved else 0)
    assert broken_rules() == {}


def asked_for_too_much():
    """Half a million more than the order: each was overridden when the others were not approved.

    Five tickets of six were approved at 80 % when the whole order was asked for; then those were
    refused, and each is asked for at 100 %.
    """
    order, admin = order_of(6), new_admin()
    tickets = tickets_of(order)
    first = [approved(order, [ticket]) for ticket in tickets[:5]]
    postpone(order.event_id)
    whole = ask(order, reason=Reason.POSTPONED)
    overrides(whole, 100, admin)()
    for refund in first:
        overrides(refund, 0, admin)()
    again = [ask(order, [ticket]) for ticket in tickets[:5]]
    for refund in again:
        overrides(refund, 100, admin)()
    assert sum(reread(each).amount for each in [whole, *again]) == 3_500_000
    return order, [whole, *again]


def test_refunds_approved_together_never_pass_the_total():
    order, refunds = asked_for_too_much()
    admin = new_admin()

    outcomes = run_together(approves(refund, admin) for refund in times(4, *refunds))

    decided = Refund.objects.filter(status="approved").aggregate(
        count=Count("pk"), sum=Sum("amount")
    )
    assert set(outcomes) == {"done", "refund-already-decided", "refund-too-large"}
    assert outcomes["done"] == decided["count"] == 5
    assert reserved(order) == decided["sum"] <= order.total_amount
    assert broken_rules() == {}


def test_control_without_the_lock_two_approvals_reserve_the_money_of_one(take_away):
    order = order_of(2)
    refunds = [ask(order, [ticket]) for ticket in tickets_of(order)]
    admin = new_admin()
    take_away(OrderQuerySet)

    outcomes = run_together(approves(refund, admin) for refund in refunds)

    assert outcomes == {"done": 2}
    assert reserved(order) == 400_000
    assert broken_rules() == {"refund_reserved_amount_is_what_is_approved": 1}


# At the door


def test_twenty_doors_and_twenty_approvals_let_in_or_pay_back():
    order = order_of(1)
    [ticket] = tickets_of(order)
    refund, admin = ask(order), new_admin()
    doors = CustomerFactory.create_batch(20)

    outcomes = run_together(
        action
        for door in doors
        for action in (partial(check_in, code=ticket.code, by=door), approves(refund, admin))
    )

    assert outcomes["done"] == 1
    assert set(outcomes) <= {
        "done",
        "already-checked-in",
        "ticket-not-refundable",
        "ticket-not-valid",
        "refund-already-decided",
    }
    assert (reread(ticket).status == "used") != (reread(refund).status == "approved")
    assert broken_rules() == {}


def test_each_of_many_tickets_lets_in_or_is_paid_back():
    order, admin = order_of(20), new_admin()
    pairs = [(ticket, ask(order, [ticket])) for ticket in tickets_of(order)]

    outcomes = run_together(
        action
        for ticket, refund in pairs
        for action in (partial(check_in, code=ticket.code, by=admin), approves(refund, admin))
    )

    assert outcomes["done"] == 20
    assert outcomes["ticket-not-refundable"] + outcomes["ticket-not-valid"] == 20
    for ticket, refund in pairs:
        assert (reread(ticket).status == "used") != (reread(refund).status == "approved")
    assert reserved(order) == 400_000 * outcomes["ticket-not-valid"]
    assert broken_rules() == {}


def test_requests_that_are_approved_by_themselves_meet_the_doors():
    order, door = order_of(20), CustomerFactory(is_superuser=True)
    approve_by_itself(order)

    outcomes = run_together(
        action
        for ticket in tickets_of(order)
        for action in (
            partial(check_in, code=ticket.code, by=door),
            asks(order, [ticket]),
            partial(check_in, code=ticket.code, by=door),
        )
    )

    assert outcomes["done"] == 20
    assert set(outcomes) <= {
        "done",
        "already-checked-in",
        "ticket-not-refundable",
        "ticket-not-valid",
    }
    assert (
        Ticket.objects.filter(status="used", refund_approved_at=None).count()
        + (Ticket.objects.filter(status="active", refund_approved_at__isnull=False).count())
        == 20
    )
    assert broken_rules() == {}


def test_control_without_the_tickets_lock_somebody_goes_in_and_is_paid_back(monkeypatch):
    order = order_of(1)
    [ticket] = tickets_of(order)
    refund, admin = ask(order), new_admin()
    both_have_read = Barrier(2)

    def read(rows, code=None):
        found = list(rows.filter(code=code) if code else rows)
        both_have_read.wait(timeout=NOBODY_WAITS_LONGER)
        return found[0] if code else found

    monkeypatch.setattr(TicketQuerySet, "get_for_update", read)
    monkeypatch.setattr(TicketQuerySet, "lock", read)

    outcomes = run_together(
        [partial(check_in, code=ticket.code, by=admin), approves(refund, admin)]
    )

    assert outcomes == {"done": 2}
    assert (reread(ticket).status, reread(refund).status) == ("used", "approved")


# Paying back


def test_what_is_sent_is_what_the_refund_says_after_overrides_meanwhile():
    showing, admin = showing_with_sale_end(days=10), new_admin()
    orders = [order_of(2, showing) for _ in range(15)]
    refunds = [approved(order, tickets_of(order)) for order in orders]

    outcomes = run_together(
        action
        for refund in refunds
        for action in (
            overrides(refund, 100, admin),
            pays_back(refund),
            overrides(refund, 60, admin),
        )
    )

    assert set(outcomes) <= {"done", "refund-override-not-allowed"}
    for refund in map(reread, refunds):
        assert refund.status == "processing"
        assert refund.reversal.amount == refund.amount == refund.order.refund_reserved_amount
    assert broken_rules() == {}


def test_control_without_locks_another_amount_is_sent_than_the_refund_says(take_away):
    refund, admin = approved(order_of(2), None), new_admin()
    take_away(RefundQuerySet, OrderQuerySet)

    outcomes = run_together([overrides(refund, 100, admin), pays_back(refund)])

    assert outcomes == {"done": 2}
    assert reread(refund).reversal.amount == 800_000
    assert reread(refund).amount == 1_000_000


def test_a_refund_overridden_to_nothing_is_sent_or_rejected():
    showing, admin = showing_with_sale_end(days=10), new_admin()
    refunds = [approved(order_of(1, showing), None) for _ in range(15)]

    outcomes = run_together(
        action for refund in refunds for action in (pays_back(refund), overrides(refund, 0, admin))
    )

    rejected = Refund.objects.filter(status="rejected").count()
    assert outcomes == Counter(
        {"done": 15 + rejected, "refund-override-not-allowed": 15 - rejected}
    )
    assert Reversal.objects.count() == 15 - rejected
    assert broken_rules() == {}


def test_twenty_jobs_for_one_refund_open_one_reversal():
    refund = approved(order_of(2), None)

    outcomes = run_together(times(20, pays_back(refund)))

    assert outcomes == {"done": 20}
    assert Reversal.objects.get().amount == 800_000
    assert broken_rules() == {}


def test_control_without_locks_the_database_keeps_one_reversal_open(take_away):
    refund = approved(order_of(2), None)
    take_away(RefundQuerySet, OrderQuerySet, PaymentQuerySet)

    outcomes = run_together(times(2, pays_back(refund)))

    assert outcomes == {"done": 1, "IntegrityError": 1}
    assert Reversal.objects.count() == 1


def test_control_without_locks_and_rule_the_money_is_sent_twice(take_away, without_rule):
    refund = approved(order_of(2), None)
    take_away(RefundQuerySet, OrderQuerySet, PaymentQuerySet)
    without_rule("reversal_one_open_per_payment")

    outcomes = run_together(times(2, pays_back(refund)))

    assert outcomes == {"done": 2}
    assert Reversal.objects.count() == 2
    assert "reversal_one_open" in broken_rules()


def test_refunds_of_one_payment_are_sent_one_after_another():
    order = order_of(4)
    refunds = [approved(order, [ticket]) for ticket in tickets_of(order)]

    outcomes = run_together(times(5, *map(pays_back, refunds)))

    assert outcomes == {"done": 20}
    for number in range(1, 5):
        now = Refund.objects.get(status="processing")
        assert Reversal.objects.count() == number
        Job.objects.filter(topic="refunds.pay_back").delete()
        say(now.reversal_id, RefundState.DONE)
        assert run_together(times(5, records(now))) == {"done": 5}
        woken = Job.objects.filter(topic="refunds.pay_back").values_list("payload", flat=True)
        assert len(woken) == (1 if number < 4 else 0)
        for payload in woken:
            assert run_together(times(5, partial(pay_back, **payload))) == {"done": 5}
    assert set(Refund.objects.values_list("status", flat=True)) == {"partial"}
    assert reread(order).refunded_amount == 1_600_000
    assert broken_rules() == {}


def test_second_payments_found_at_once_go_back_once():
    order = order_of(2)
    case = paid_twice(order)

    outcomes = run_together(times(20, partial(refund_case, case_id=case.pk)))

    assert outcomes == {"done": 20}
    refund = Refund.objects.get()
    assert (jobs_for(refund), reserved(order)) == (1, 0)
    assert broken_rules() == {}


# Recording


def under_way(order):
    """Its money has just arrived; nobody has recorded it."""
    refund = processing(order, None)
    say(refund.reversal_id, RefundState.DONE)
    return refund


def test_twenty_words_of_success_finish_a_refund_once():
    order = order_of(3)
    refund = under_way(order)

    outcomes = run_together(times(20, records(refund)))

    assert outcomes == {"done": 20}
    assert (reread(order).status, reread(order).refunded_amount) == ("partial_refunded", 1_200_000)
    log = StateLog.objects.filter(transition="refund", content_type__model="ticket")
    assert log.count() == 3
    assert moves(refund, "complete_partly") == 1
    assert Seat.objects.filter(status="available").count() == 3
    assert broken_rules() == {}


def test_control_without_locks_what_has_no_ticket_is_counted_twice(take_away, monkeypatch):
    order = topped_up()
    rest = ask(order, reason=Reason.POSTPONED)
    approve_refund(refund_id=rest.pk, by=new_admin())
    pay_back(refund_id=rest.pk)
    say(reread(rest).reversal_id, RefundState.DONE)
    both = times(2, records(rest))
    take_away(RefundQuerySet, OrderQuerySet)
    monkeypatch.setattr(ReversalQuerySet, "select_for_update", lambda rows, **lock: rows)

    outcomes = run_together(both)

    assert outcomes == {"done": 2}
    assert moves(rest, "complete_partly") == 2


def settled_by_everybody(refund, admin):
    return [
        lambda: mark_refund_paid(refund_id=refund.pk, by=admin, evidence="Transfer FT26325001."),
        lambda: retry_refund(refund_id=refund.pk, by=admin, note="The portal shows nothing."),
        lambda: mark_refund_failed(refund_id=refund.pk, by=admin, reason="The card was stolen."),
    ]


def hears_success(refund):
    reversal_id = reread(refund).reversal_id

    def hear():
        say(reversal_id, RefundState.DONE)
        record_reversal(reversal_id=reversal_id)

    return hear


@pytest.mark.parametrize("made", [unclear, payment_failed])
def test_a_failed_refund_is_settled_in_one_way(made):
    showing, admin = showing_with_sale_end(days=10), new_admin()
    refunds = [made(order_of(2, showing), None) for _ in range(10)]

    outcomes = run_together(
        action
        for refund in refunds
        for action in (*settled_by_everybody(refund, admin), hears_success(refund))
    )

    assert set(outcomes) == {"done", "refund-not-failed"}
    for refund in map(reread, refunds):
        theirs = sorted(refund.order.payments.get().reversals.values_list("status", flat=True))
        assert (refund.status, theirs) in [
            ("partial", ["succeeded"] if made is unclear else ["rejected"]),
            ("processing", ["created", "rejected"]),
            ("failed", ["rejected"]),
        ]
    assert broken_rules() == {}


def test_control_without_locks_a_refund_is_given_up_twice(take_away, monkeypatch):
    refund, admin = payment_failed(order_of(2), None), new_admin()
    _paid, _retried, gave_up = settled_by_everybody(refund, admin)
    take_away(RefundQuerySet, OrderQuerySet, PaymentQuerySet)
    monkeypatch.setattr(ReversalQuerySet, "select_for_update", lambda rows, **lock: rows)

    outcomes = run_together(times(2, gave_up))

    assert outcomes == {"done": 2}
    assert moves(refund, "fail") == 2


# Whole orders


def refunds_whole(order):
    @transaction.atomic(durable=True)
    def act():
        locked = Order.objects.get_for_update(order.pk)
        refund_whole_orders(
            [locked], Reason.CANCELLED, by=None, at=from_now(), why="The test cancels it."
        )

    return act


@pytest.mark.parametrize("is_automatic", [False, True])
def test_a_whole_order_goes_back_once_beside_requests_and_approvals(is_automatic):
    showing, admin = showing_with_sale_end(days=10), new_admin()
    orders = [order_of(4, showing) for _ in range(5)]
    waiting = [ask(order, tickets_of(order)[:1]) for order in orders]
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=is_automatic)

    outcomes = run_together(
        action
        for order, refund in zip(orders, waiting, strict=True)
        for action in (
            asks(order, tickets_of(order)[1:2]),
            refunds_whole(order),
            approves(refund, admin),
            asks(order, tickets_of(order)[2:]),
            refunds_whole(order),
        )
    )
    for order in orders:
        refunds_whole(order)()

    assert set(outcomes) <= {"done", "ticket-not-refundable", "refund-already-decided"}
    for order in orders:
        assert reserved(order) == order.total_amount
        assert RefundTicket.objects.live().filter(order=order).count() == 4
        assert not order.refunds.undecided().exists()
    assert broken_rules() == {}


def test_control_without_the_lock_more_is_approved_than_the_whole_order(take_away):
    order = topped_up()
    take_away(OrderQuerySet)

    outcomes = run_together(times(2, refunds_whole(order)))

    assert outcomes == {"done": 2}
    assert order.refunds.aggregate(sum=Sum("amount"))["sum"] == 1_800_000
    assert broken_rules() == {"refund_reserved_amount_is_what_is_approved": 1}


# Selling the seat again


def buys(seat, customer):
    return partial(place_order, customer=customer, showing=seat.showing, seat_ids=[seat.pk])


def test_a_seat_that_comes_back_while_others_want_it_has_one_owner():
    showing = showing_with_sale_end(days=10)
    refunds = [under_way(order_of(1, showing)) for _ in range(8)]
    seats = [reread(refund).order.tickets.get().seat for refund in refunds]
    buyers = CustomerFactory.create_batch(5)

    outcomes = run_together(
        action
        for refund, seat in zip(refunds, seats, strict=True)
        for action in (*(buys(seat, buyer) for buyer in buyers), records(refund))
    )

    sold = Order.objects.pending().count()
    assert outcomes == Counter({"done": 8 + sold, "seats-unavailable": 40 - sold})
    assert SeatHold.objects.filter(status="active").count() == sold
    assert Seat.objects.filter(status="held").count() == sold
    assert Seat.objects.filter(status="available").count() == 8 - sold
    assert set(Ticket.objects.values_list("status", flat=True)) == {"refunded"}
    assert broken_rules() == {}


def test_control_a_seat_whose_hold_was_not_given_up_is_not_sold_again(monkeypatch):
    order = order_of(1)
    refund = under_way(order)
    monkeypatch.setattr(SeatHoldQuerySet, "release_sold", lambda holds: holds.count())
    records(refund)()
    seat = Seat.objects.get()
    assert seat.status == "available"

    outcomes = run_together(buys(seat, buyer) for buyer in CustomerFactory.create_batch(5))

    assert set(outcomes) <= {"IntegrityError", "seats-unavailable"}
    assert outcomes["IntegrityError"] >= 1
    assert SeatHold.objects.live().count() == 1
