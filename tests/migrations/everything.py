"""A database with rows of every kind: each table of ours, and each state that a row can be in."""

from __future__ import annotations

import uuid
from contextlib import nullcontext

from django.apps import apps
from django.db import connection, transaction
from django_fsm import FSMField

from benchmarks import sold_event
from jobs.models import Job
from jobs.outbox import enqueue
from orders import operations
from orders.services import cancel_order, check_in, expire_untried
from payments.models import (
    GOES_BACK,
    CaseKind,
    Channel,
    Payment,
    PaymentCase,
    ProviderMessage,
    Reconciliation,
    ReconciliationEntry,
)
from payments.operations.cases import open_case
from refunds import services
from refunds.models import RefundCampaign
from tests.back_office.world import supporter, tenant
from tests.factories import (
    AreaFactory,
    PaymentFactory,
    from_now,
    overdue_order,
    paid_order,
    placed_order,
    seats_in_area,
    showing_with_sale_end,
)
from tests.payments.reversed import give_back
from tests.refunds.moved import MADE, new_admin, paid_twice
from tests.ticketing.event_states import ALL_STATES, event_in
from ticketing.models import EventStatus
from ticketing.models.sessions import SessionStore
from ticketing.services import block_seats, keep_seat_plan

OURS = ["jobs", "ticketing", "orders", "payments", "refunds"]
ORDERS = 300  # that were sold at once
PLAN = "area,row,seat,price,blocked\nStalls,A,1,500000,\n"


def fill() -> None:
    """Through the use cases, as far as there is one; `kinds_missing` tells what is left out."""
    tenant("Quince")
    supporter()
    _events()
    _orders()
    _tickets()
    _payments()
    _refunds()
    _jobs()
    _sessions()
    with transaction.atomic(), connection.cursor() as cursor:
        sold_event.sell(cursor, slug="big", orders=ORDERS)


def kinds_missing() -> list[str]:
    """Tables without a row, and states that no row is in."""
    missing = []
    for model in (model for app in OURS for model in apps.get_app_config(app).get_models()):
        missing += [] if model.objects.exists() else [model._meta.label]
        for field in (each for each in model._meta.fields if isinstance(each, FSMField)):
            there = set(model.objects.values_list(field.name, flat=True))
            states = {value for value, _name in field.choices} - there
            missing += [f"{model._meta.label}.{field.name}: {state}" for state in sorted(states)]
    return missing


def _events() -> None:
    for status, fraud_status in ALL_STATES:
        event_in(status, fraud_status)
    seats = seats_in_area(3)
    block_seats(
        showing_id=seats[0].showing_id, seat_ids=[seats[0].pk], by=new_admin(), reason="A camera."
    )
    showing = AreaFactory(general_admission=True).showing
    keep_seat_plan(showing_id=showing.pk, file_name="plan.csv", data=PLAN.encode(), by=new_admin())


def _orders() -> None:
    placed_order(language="vi")
    overdue_order()
    assert expire_untried(limit=10) == 1
    order = placed_order()
    cancel_order(order_id=order.pk, by=order.customer)
    tried = PaymentFactory(order=placed_order())
    tried.fail(by=None, at=from_now(), reason="No money.", code="51")
    tried.save()
    with transaction.atomic():
        tried.order.fail(by=None, at=from_now(), reason="Refused.")
        tried.order.save()
        operations.end_unpaid([tried.order], at=from_now())


def _tickets() -> None:
    order = paid_order()
    used, *_ = order.tickets.all()
    check_in(code=used.code, by=new_admin(), scan=uuid.uuid4())


def _payments() -> None:
    PaymentFactory()
    doubted = PaymentFactory()
    doubted.suspect(by=None, at=from_now(), reason="Odd.", transaction_no="1422", code="07")
    doubted.save()
    for channel in Channel.values:
        ProviderMessage.objects.create(
            provider="vnpay", channel=channel, txn_ref=doubted.txn_ref, body={}, at=from_now()
        )
    open_case(CaseKind.SUSPECTED_FRAUD, doubted, doubted.amount, from_now())
    cases = [_case(kind) for kind in CaseKind.values]
    cases[0].resolve(by=new_admin(), at=from_now(), reason="Looked at it.")
    cases[0].save()
    run = Reconciliation.objects.create(started_at=from_now(), asked=1, cases=1)
    ReconciliationEntry.objects.create(
        run=run, payment=doubted, at=from_now(), had="review", has="review", done="case",
        case=cases[1],
    )  # fmt: skip
    Payment.objects.filter(pk=doubted.pk).update(reconciled_at=from_now())
    for steps in ([], ["send"], ["send", "doubt"], ["send", "accept"]):
        _moved(give_back(paid_order().payments.get()), steps)


def _case(kind: str) -> PaymentCase:
    case = PaymentCase.objects.create(
        kind=kind, provider="vnpay", txn_ref=uuid.uuid4().hex, amount=1, description="Odd.",
        opened_at=from_now(),
    )  # fmt: skip
    if kind in GOES_BACK:
        enqueue("payments.case_opened", run_at=from_now(), case_id=case.pk)
    return case


def _refunds() -> None:
    for status, make in MADE.items():
        order = paid_order(seats_in_area(3, showing=showing_with_sale_end(days=10)))
        tickets = list(order.tickets.order_by("pk"))
        with transaction.atomic() if status == "requested" else nullcontext():
            make(order, tickets if status == "completed" else tickets[:1])
    with transaction.atomic():
        case = paid_twice(paid_order())
    services.refund_case(case_id=case.pk)
    for steps in ([], ["start"], ["start", "pause"], ["start", "complete"]):
        event = event_in(EventStatus.CANCELLED)
        campaign = RefundCampaign(event=event, reason="cancelled", created_at=from_now())
        campaign.save()
        _moved(campaign, steps)
        if steps == ["start"]:
            enqueue("refunds.campaign_due", run_at=from_now(), campaign_id=campaign.pk)


def _jobs() -> None:
    waiting = Job.objects.order_by("pk")
    done, dead, published = waiting[0], waiting[1], waiting[2]
    done.finish(at=from_now())
    dead.bury(at=from_now(), error="Tried in vain.")
    published.publish(message_id="msg_1", at=from_now())
    for job in (done, dead, published):
        job.save()


def _sessions() -> None:
    session = SessionStore()
    session["_auth_user_id"] = str(new_admin().pk)
    session.create()


def _moved(row, steps: list[str]) -> None:
    """By its own transitions."""
    for step in steps:
        given = {"request": {}} if step == "send" else {}
        getattr(row, step)(by=None, at=from_now(), reason="The test moves it.", **given)
        row.save()
