"""The state machines: what moves, who is told, and that nothing else moves."""

from __future__ import annotations

from inspect import signature
from pathlib import Path

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django_fsm import FSMField, TransitionNotAllowed
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.models import Order, SeatHold, Ticket
from payments.models import Payment, PaymentCase, Reversal
from refunds.models import Refund, RefundCampaign
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


UNPAID = "pending_payment"
SOLD = ["paid", "partial_refunded"]
ON_THE_WAY = ["created", "sent", "accepted", "unknown"]
UNFINISHED = ["pending", "published"]

# Every step: from where, and to where. Those of refunds are in theirs.
STEPS = {
    (Order, "status"): {
        "pay": ([UNPAID], "paid"),
        "fail": ([UNPAID], "failed"),
        "expire": ([UNPAID], "expired"),
        "cancel": ([UNPAID], "cancelled"),
        "refund_partly": (SOLD, "partial_refunded"),
        "refund": (SOLD, "refunded"),
    },
    (Ticket, "status"): {
        "use": (["active"], "used"),
        "readmit": (["used"], "active"),
        "refund": (["active", "used"], "refunded"),
    },
    (Payment, "status"): {
        "capture": (["pending", "review", "failed"], "captured"),
        "fail": (["pending", "review"], "failed"),
        "suspect": (["pending", "failed"], "review"),
    },
    (PaymentCase, "status"): {"resolve": (["open"], "resolved")},
    (Reversal, "status"): {
        "send": (["created"], "sent"),
        "return_unsent": (["sent"], "created"),
        "retry_as_partial": (["sent", "unknown"], "created"),
        "doubt": (["sent"], "unknown"),
        "accept": (["sent", "unknown"], "accepted"),
        "succeed": (ON_THE_WAY, "succeeded"),
        "reject": (ON_THE_WAY, "rejected"),
    },
    (Event, "status"): {
        "publish": (["draft"], "published"),
        "postpone": (["published"], "postponed"),
        "reinstate": (["postponed"], "published"),
        "cancel": (["published", "postponed"], "cancelled"),
    },
    (Event, "fraud_status"): {
        "investigate": (["none", "cleared"], "investigating"),
        "confirm_fraud": (["investigating"], "confirmed"),
        "clear": (["investigating", "confirmed"], "cleared"),
        "lift_revenue_freeze": (["cleared"], "cleared"),
    },
    (Job, "status"): {
        "finish": (UNFINISHED, "done"),
        "publish": (["pending"], "published"),
        "postpone": (UNFINISHED, "pending"),
        "bury": (UNFINISHED, "dead"),
        "revive": (["dead"], "pending"),
    },
    (RefundCampaign, "status"): {
        "start": (["draft"], "running"),
        "pause": (["running"], "paused"),
        "resume": (["paused"], "running"),
        "complete": (["running"], "completed"),
        "reopen": (["completed"], "running"),
    },
}
EACH = [
    pytest.param(model, field, state, step, id=f"{model.__name__} {field} {state} {step}")
    for (model, field), steps in STEPS.items()
    for state in dict(model._meta.get_field(field).choices)
    for step in steps
]


def take(thing, step):
    """The step, with whatever it wants to be told."""
    told = {
        "by": None, "at": from_now(), "reason": "The test moves it.", "until": from_now(),
        "error": "", "code": "00", "transaction_no": "1", "request": {}, "message_id": "1",
    }  # fmt: skip
    move = getattr(thing, step)
    wanted = signature(move).parameters
    return move(**{name: value for name, value in told.items() if name in wanted})


@pytest.mark.parametrize(("model", "field", "state", "step"), EACH)
def test_a_step_leads_where_the_table_says_or_is_refused_and_changes_nothing(
    model, field, state, step
):
    thing = model(**{field: state})
    before = {each.attname: getattr(thing, each.attname) for each in model._meta.concrete_fields}
    sources, target = STEPS[model, field][step]

    if state in sources:
        assert [each.target for each in steps_from(thing, field) if each.name == step] == [target]
        return
    with pytest.raises(TransitionNotAllowed):
        take(thing, step)
    assert {name: getattr(thing, name) for name in before} == before


def steps_from(thing, field):
    return getattr(thing, f"get_available_{field}_transitions")()


@pytest.mark.parametrize(("model", "field"), STEPS, ids=str)
def test_no_machine_has_other_steps(model, field):
    machine = model._meta.get_field(field)

    assert {each.name for each in machine.get_all_transitions(model)} == set(STEPS[model, field])


def test_every_machine_is_in_the_table():
    machines = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.fields
        if not model._meta.proxy and isinstance(field, FSMField)
        if list(field.get_all_transitions(model))
    }

    assert machines == {*STEPS, (Refund, "status")}  # see tests/refunds/test_state_machine.py


def test_each_transition_leaves_a_row_with_actor_time_and_reason():
    event, actor, moment = EventFactory(draft=True), CustomerFactory(), from_now()

    event.publish(by=actor, at=moment, reason="All is ready.")
    event.save()

    entry = StateLog.objects.for_(event).get(transition="publish")
    assert (entry.by, entry.timestamp, entry.description) == (actor, moment, "All is ready.")
    assert (entry.source_state, entry.state) == ("draft", "published")


def test_a_transition_without_an_explanation_is_a_bug():
    event = EventFactory(draft=True)

    with pytest.raises((TypeError, KeyError)):
        event.publish()

    assert not StateLog.objects.for_(event).filter(transition="publish").exists()
