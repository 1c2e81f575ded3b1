"""An event is called off while people are buying, on real connections."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction
from django.test import Client
from django_fsm_log.models import StateLog

from jobs.models import Job
from jobs.outbox import RunLater, handler_of
from jobs.prepared import fetch_all
from jobs.services import run_due_jobs
from orders.models import Order
from orders.services import close_event, place_order
from payments.models import Payment, PaymentCase
from payments.providers import Customer
from payments.services import settle_order, start_payment
from tests.concurrency.conftest import closing, run_together, wait_until_somebody_waits
from tests.factories import (
    CustomerFactory,
    PaymentFactory,
    ShowingFactory,
    field_of,
    from_now,
    placed_order,
    seats_in_area,
)
from tests.payments.vnpay_calls import IPN, success
from tests.rules import broken_rules
from tests.sandbox_process import wait_until
from tests.ticketing.event_states import new_admin
from ticketing import services
from ticketing.errors import SalesClosed
from ticketing.models import Event, Seat, Showing


def buy(customer, area, *, once, pays):
    """Place an order, begin to pay, and maybe have the money arrive."""

    def act():
        wait_until(once, seconds=20, what="this buyer's turn")
        # Each request reads the showing and its event anew, as the API does.
        showing = Showing.objects.select_related("event").get(pk=area.showing_id)
        order = place_order(customer=customer, showing=showing, area=area, quantity=2)
        payment = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
        if pays:
            assert Client().get(f"{IPN}?{success(payment)}").json()["RspCode"] == "00"

    return act


def call_off(event, admin, *, once=lambda: True):
    def act():
        wait_until(once, seconds=20, what="the time to call it off")
        services.confirm_cancellation(event_id=event.pk, by=admin, reason="It rains.")
        run_due_jobs()

    return act


def are_there(orders):
    return lambda: Order.objects.count() >= orders


def is_off():
    return Event.objects.get().is_closed


def turn_of(n):
    """Of thirty: two begin, each order lets two more begin, and the last five come too late."""
    return is_off if n >= 25 else lambda: is_off() or are_there(n // 2)()


def let_the_rest_expire():
    Order.objects.pending().update(expires_at=from_now(seconds=-1))
    for order in Order.objects.pending():
        settle_order(order_id=order.pk)


@pytest.fixture
def silent_vnpay(settings):
    """It answers nothing, and the grace is over: what is unknown at the deadline expires."""
    settings.VNPAY_API_URL = "http://127.0.0.1:9/nobody/listens"
    settings.VNPAY_NOT_FOUND_MARGIN_SECONDS = 0
    settings.SETTLE_GRACE_SECONDS = 0


@pytest.mark.usefixtures("silent_vnpay")
def test_thirty_buyers_while_an_admin_cancels_leave_nothing_waiting_and_no_money_unexplained():
    area, admin = field_of(100), new_admin()
    buyers = enumerate(CustomerFactory.create_batch(30))

    outcomes = run_together(
        [
            *(buy(who, area, once=turn_of(n), pays=n % 2) for n, who in buyers),
            call_off(area.showing.event, admin, once=are_there(8)),
        ],
        at_once=31,
    )

    assert set(outcomes) <= {"done", "sales-closed", "order-not-payable"}
    assert outcomes["done"] > 1
    assert outcomes["sales-closed"] >= 5
    event = Event.objects.get()
    assert event.status == "cancelled"
    while (closed := close_event(event_id=event.pk)).ended:
        pass
    assert closed.waiting == 0
    let_the_rest_expire()
    assert set(Order.objects.values_list("status", flat=True)) <= {"paid", "cancelled", "expired"}
    arrived = Payment.objects.filter(status="captured").count()
    late = PaymentCase.objects.filter(kind="late", amount_owed__gt=0).count()
    assert Order.objects.filter(status="paid").count() + late == arrived
    assert not Seat.objects.filter(status="held").exists()
    assert broken_rules() == {}


def ipn(payment):
    return lambda: Client().get(f"{IPN}?{success(payment)}")


def test_money_that_arrives_while_its_orders_are_ended_is_either_used_or_owed():
    area, admin = field_of(40), new_admin()
    places = list(Seat.objects.order_by("pk"))
    payments = [
        PaymentFactory(order=placed_order([seat], payment_started_at=from_now())) for seat in places
    ]

    outcomes = run_together(
        [call_off(area.showing.event, admin), *(ipn(payment) for payment in payments)], at_once=41
    )
    close_event(event_id=area.showing.event_id)

    assert outcomes == {"done": 41}
    paid = Order.objects.filter(status="paid").count()
    late = PaymentCase.objects.filter(kind="late", amount_owed__gt=0).count()
    assert paid + late == 40
    assert not Order.objects.pending().exists()
    assert broken_rules() == {}


def test_ending_the_same_orders_from_ten_sides_ends_each_once():
    showing = ShowingFactory()
    orders = [placed_order(seats_in_area(1, showing=showing)) for _ in range(40)]
    services.confirm_cancellation(event_id=showing.event_id, by=new_admin(), reason="It rains.")

    outcomes = run_together(
        [lambda: close_event(event_id=showing.event_id) for _ in range(10)], at_once=10
    )

    assert outcomes == {"done": 10}
    assert close_event(event_id=showing.event_id).waiting == 0
    ended = StateLog.objects.filter(transition="cancel", object_id__in=[o.pk for o in orders])
    assert ended.filter(content_type__model="order").count() == 40
    assert Job.objects.filter(topic="orders.ended").count() == 40
    assert broken_rules() == {}


def test_an_order_that_is_locked_is_passed_over_and_ended_at_the_next_look():
    locked = placed_order(seats_in_area(1))
    free = placed_order(seats_in_area(1, showing=locked.showing))
    event = locked.event
    services.confirm_cancellation(event_id=event.pk, by=new_admin(), reason="It rains.")
    end_waiting = partial(handler_of("ticketing.event_closed"), event_id=event.pk)

    with transaction.atomic():
        Order.objects.get_for_update(locked.pk)
        outcomes = run_together([end_waiting])

    assert outcomes == {RunLater.__name__: 1}
    assert Order.objects.get(pk=free.pk).status == "cancelled"
    assert Order.objects.get(pk=locked.pk).status == "pending_payment"
    end_waiting()
    assert Order.objects.get(pk=locked.pk).status == "cancelled"
    assert broken_rules() == {}


def reinstate_and_buy(event, area):
    services.reinstate_event(event_id=event.pk, by=new_admin(), reason="She is well again.")
    showing = Showing.objects.select_related("event").get(pk=area.showing_id)
    place_order(customer=CustomerFactory(), showing=showing, area=area, quantity=2)


def test_who_buys_as_soon_as_the_event_goes_on_keeps_the_order():
    area = field_of(5)
    event = area.showing.event
    placed_order(seats_in_area(1, showing=area.showing))
    services.postpone_event(event_id=event.pk, by=new_admin(), reason="She is ill.")

    with ThreadPoolExecutor(1) as others:

        def goes_on_before_orders_are_looked_for(execute, sql, *rest):
            if "SKIP LOCKED" in sql and Order.objects.count() == 1:
                others.submit(closing(partial(reinstate_and_buy, event, area))).result()
            return execute(sql, *rest)

        with connection.execute_wrapper(goes_on_before_orders_are_looked_for):
            closed = close_event(event_id=event.pk)

    assert (closed.ended, closed.waiting) == (0, 0)
    assert Order.objects.pending().count() == 2
    assert not Job.objects.filter(topic="orders.ended").exists()
    assert broken_rules() == {}


WAITS = """
SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
WAITS_TO_CLOSE = """
SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND classid = 7004 AND NOT granted AND datname = current_database()
"""
CLOSING = [services.confirm_cancellation, services.confirm_fraud]


def on_suspicion(area):
    """The event of an area, which may be cancelled or found to be a fraud."""
    services.investigate_event(event_id=area.showing.event_id, by=new_admin(), reason="A hint.")
    return area.showing.event_id


@pytest.mark.parametrize("close", CLOSING)
def test_a_free_order_from_before_the_event_was_closed_is_refused_and_holds_nothing(close):
    """It would be paid at once, and a campaign that is over does not look again."""
    area, customer = field_of(3, price=0), CustomerFactory()
    event_id = on_suspicion(area)
    as_it_was = Showing.objects.select_related("event").get(pk=area.showing_id)
    close(event_id=event_id, by=new_admin(), reason="It rains.")

    with pytest.raises(SalesClosed):
        place_order(customer=customer, showing=as_it_was, area=area, quantity=2)

    assert not Order.objects.exists()
    assert set(Seat.objects.values_list("status", flat=True)) == {"available"}


@pytest.mark.parametrize("close", CLOSING)
def test_an_event_is_closed_once_the_free_orders_on_their_way_are_there(close):
    area = field_of(3, price=0)
    event_id = on_suspicion(area)
    close_it = partial(close, event_id=event_id, by=new_admin(), reason="It rains.")
    showing = Showing.objects.select_related("event").get(pk=area.showing_id)
    buy_it = partial(
        place_order, customer=CustomerFactory(), showing=showing, area=area, quantity=2
    )
    with ThreadPoolExecutor(2) as others, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE orders_ticket IN SHARE MODE")  # so the buyer stops on the way
        bought = others.submit(closing(buy_it))
        wait_until_somebody_waits()
        closed = others.submit(closing(close_it))
        wait_until(lambda: bool(fetch_all(WAITS_TO_CLOSE, {})), seconds=20, what="the closing")
        assert not closed.done()

    assert bought.result().status == "paid"
    assert closed.result().is_closed


def test_a_free_order_an_admin_and_staff_who_wait_for_each_other_all_get_through():
    area = field_of(3, price=0)
    event_id, admin = area.showing.event_id, new_admin()
    places = Seat.objects.filter(row__area=area)
    block = partial(
        services.block_seats,
        showing_id=area.showing_id,
        seat_ids=[seat.pk for seat in places],
        by=admin,
        reason="A camera.",
    )
    close_it = partial(
        services.confirm_cancellation, event_id=event_id, by=admin, reason="It rains."
    )
    with ThreadPoolExecutor(2) as others, transaction.atomic():
        places.lock_by_id()  # as who buys them
        blocked = others.submit(closing(block))
        wait_until_somebody_waits()  # staff, with the event locked
        closed = others.submit(closing(close_it))
        wait_until(lambda: len(fetch_all(WAITS, {})) == 2, seconds=20, what="the admin")
        assert not Event.objects.hold_open(event_id).is_closed

    assert blocked.result() == 3
    assert closed.result().is_closed


def test_nothing_that_is_written_while_an_event_is_kept_open_has_a_key_of_its_row():
    """The check of a key locks the row, which whoever closes the event has locked by then."""
    owners = fetch_all(
        "SELECT conrelid::regclass::text FROM pg_constraint "
        "WHERE contype = 'f' AND confrelid = 'ticketing_event'::regclass",
        {},
    )

    assert {table for (table,) in owners} == {"ticketing_showing", "refunds_refundcampaign"}


def test_an_event_is_closed_however_many_free_orders_keep_coming():
    event_id = field_of(3, price=0).showing.event_id
    gives_up = time.monotonic() + 20

    def keep_buying():
        while time.monotonic() < gives_up:
            with transaction.atomic(), connection.cursor() as cursor:
                if Event.objects.hold_open(event_id).is_closed:
                    return True
                cursor.execute("SELECT pg_sleep(0.05)")  # so that one of them always holds it
        return False

    with ThreadPoolExecutor(8) as others:
        buyers = [others.submit(closing(keep_buying)) for _ in range(8)]
        services.confirm_cancellation(event_id=event_id, by=new_admin(), reason="It rains.")

    assert all(buyer.result() for buyer in buyers)


def test_admins_who_cancel_at_once_cancel_once():
    order = placed_order()
    admins = [new_admin() for _ in range(10)]

    outcomes = run_together(
        [
            lambda admin=admin: services.confirm_cancellation(
                event_id=order.event_id, by=admin, reason="It rains."
            )
            for admin in admins
        ]
    )

    assert outcomes == {"done": 1, "wrong-event-state": 9}
    assert Job.objects.filter(topic="ticketing.event_cancelled").count() == 1
    assert broken_rules() == {}
