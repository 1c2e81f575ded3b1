"""The state machines: what moves, who is told, and that nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django_fsm import TransitionNotAllowed
from django_fsm_log.models import StateLog

from orders.models import Order, SeatHold, Ticket
from payments.models import Payment, PaymentCase
from tests.factories import CustomerFactory, EventFactory, PaymentFactory, from_now, placed_order
from ticketing.management.commands.draw_states import draw
from ticketing.models import Event, Seat

MODELS = [Order, SeatHold, Ticket, Seat, Event, Payment, PaymentCase]


def test_the_drawn_graphs_are_those_of_the_code():
    page = Path(__file__).resolve().parents[2] / "docs" / "states.md"

    assert page.read_text() == draw()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_status_can_not_be_set_by_hand(model):
    thing = model()

    with pytest.raises(AttributeError):
        thing.status = "paid"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_database_knows_every_status_by_name(model):
    placed_order()
    PaymentFactory()
    table = model._meta.db_table

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND conname LIKE %s",
            [table, "%status_valid"],
        )
        definitions = [row[0] for row in cursor.fetchall()]

    assert any(
        all(f"'{value}'" in definition for value in model.Status.values)
        for definition in definitions
    )


@pytest.mark.parametrize("status", ["sold", "", "PAID", "refund"])
def test_the_database_refuses_a_status_that_does_not_exist(status):
    order = placed_order()

    with (
        pytest.raises(IntegrityError, match="order_status_valid"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE orders_order SET status = %s WHERE id = %s", [status, order.pk])


@pytest.mark.parametrize("step", ["pay", "fail", "expire", "cancel"])
def test_an_order_that_has_ended_moves_nowhere(step):
    order = placed_order()
    order.cancel(by=None, at=from_now(), reason="The test ends it.")

    with pytest.raises(TransitionNotAllowed):
        getattr(order, step)(by=None, at=from_now(), reason="Again.")

    assert order.status == "cancelled"


def test_each_transition_leaves_a_row_with_actor_time_and_reason():
    event, actor, moment = EventFactory(draft=True), CustomerFactory(), from_now()

    event.publish(by=actor, at=moment, reason="All is ready.")
    event.save()

    entry = StateLog.objects.get(object_id=event.pk, transition="publish")
    assert (entry.by, entry.timestamp, entry.description) == (actor, moment, "All is ready.")
    assert (entry.source_state, entry.state) == ("draft", "published")


def test_a_transition_without_an_explanation_is_a_bug():
    event = EventFactory(draft=True)

    with pytest.raises((TypeError, KeyError)):
        event.publish()

    assert not StateLog.objects.filter(object_id=event.pk, transition="publish").exists()
