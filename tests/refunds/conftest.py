from __future__ import annotations

import httpx
import pytest
from django.db import connection

from benchmarks import sold_event
from payments.providers.vnpay import our_config
from tests.factories import (
    CustomerFactory,
    OrganizerFactory,
    paid_order,
    seats_in_area,
    showing_with_sale_end,
)
from tests.our_vnpay import use
from tests.refunds.campaigns import ORDERS, buy, cancel
from tests.sandbox_process import SandboxProcess
from ticketing.models import Event


@pytest.fixture(autouse=True)
def _few_rights(few_rights: None) -> None:
    """All this is done with the servers' rights."""


@pytest.fixture
def vnpay(_stand_in: SandboxProcess, settings) -> SandboxProcess:
    """The stand-in as our VNPay, in fair weather: refunds are done at once, no IPN by itself."""
    return use(_stand_in, settings, refund_outcome="done")


@pytest.fixture
def showing():
    """Its sale ends in ten days: 80 % go back for a personal reason."""
    return showing_with_sale_end(days=10)


@pytest.fixture
def order(customer, showing):
    """Paid, with three tickets of 500,000 VND."""
    return paid_order(seats_in_area(3, showing=showing), customer=customer)


@pytest.fixture
def tickets(order):
    return list(order.tickets.order_by("pk"))


@pytest.fixture
def organizer(order):
    """A member of the organizer whose event it is."""
    member = CustomerFactory(is_staff=True)
    order.event.organizer.members.add(member)
    return member


@pytest.fixture
def stranger(order):
    """A member of another organizer."""
    member = CustomerFactory(is_staff=True)
    OrganizerFactory().members.add(member)
    return member


@pytest.fixture
def admin():
    return CustomerFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def event(showing):
    """It approves refunds for personal reasons by itself."""
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=True)
    return Event.objects.get(pk=showing.event_id)


@pytest.fixture
def payment(vnpay, client, showing, event):
    """It paid two tickets of 500,000 VND at the stand-in."""
    return buy(vnpay, client, showing)


@pytest.fixture
def sold(vnpay, admin):
    """Twelve paid orders of two tickets each, of an event that is cancelled by now."""
    with connection.cursor() as cursor, httpx.Client(base_url=vnpay.url, trust_env=False) as http:
        sold = sold_event.sell(cursor, slug="big", orders=ORDERS)
        sold_event.pay_there(cursor, sold, http, our_config())
    cancel(Event.objects.get(slug="big"), admin)
    return sold
