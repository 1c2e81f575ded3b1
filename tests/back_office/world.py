"""Two organizers that sell, with a row of each for every page of the back office."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client

from jobs import outbox
from orders.revenue import EventRevenue
from payments.models import (
    CaseKind,
    PaymentCase,
    ProviderMessage,
    Reconciliation,
    ReconciliationEntry,
)
from refunds.models import CampaignOrder, RefundCampaign
from tests.back_office.refund_rows import asked
from tests.factories import (
    CustomerFactory,
    EventFactory,
    OrganizerFactory,
    ShowingFactory,
    from_now,
    paid_order,
    seats_in_area,
)
from tests.payments.reversed import give_back
from ticketing.models import LogRow
from ticketing.roles import SUPPORT_GROUP

# Who asks, and the letter that stands for them in the role table when a row is organizer A's.
# A member of B has the member's rights and none of A's rows.
LETTERS = {"visitor": "", "customer": "", "member of B": "", "member of A": "M", "support": "S",
           "admin": "A"}  # fmt: skip


@dataclass
class Tenant:
    """An organizer with an event that was sold, and what is known of it under each model."""

    rows: dict[str, Model]
    marks: list[str]  # what must not be read by others
    member: User


@dataclass
class World:
    a: Tenant
    b: Tenant
    browsers: dict[str, Client] = field(default_factory=dict)

    def row(self, model: str) -> Any:
        assert model in self.a.rows, f"Give organizer A a row of {model} in {__name__}."
        return self.a.rows[model]


def world() -> World:
    made = World(tenant("Quince"), tenant("Pomelo"))
    made.browsers = {
        "visitor": Client(),
        "customer": browser_of(made.a.rows["auth.user"]),
        "member of B": browser_of(made.b.member),
        "member of A": browser_of(made.a.member),
        "support": browser_of(supporter()),
        "admin": browser_of(User.objects.create_superuser("boss", "boss@example.org")),
    }
    return made


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.user = user
    return client


def supporter() -> User:
    user = CustomerFactory(username="helper", is_staff=True)
    user.groups.add(Group.objects.get_or_create(name=SUPPORT_GROUP)[0])
    return user


def tenant(name: str) -> Tenant:
    """Everything of one organizer carries its name, or a code that nobody else has."""
    organizer = OrganizerFactory(name=f"Organizer {name}")
    member = CustomerFactory(username=f"member-{name}", is_staff=True)
    organizer.members.add(member)
    event = EventFactory(organizer=organizer, title=f"Event {name}", venue=f"Hall {name}")
    showing = ShowingFactory(event=event)
    customer = CustomerFactory(username=f"customer-{name}", email=f"{name.lower()}@example.org")
    order = paid_order(seats_in_area(2, showing=showing, name=f"Area {name}"), customer=customer)
    rows = {
        "ticketing.organizer": organizer,
        "ticketing.event": event,
        "ticketing.showing": showing,
        "orders.order": order,
        "orders.ticket": order.tickets.first(),
        "orders.eventrevenue": EventRevenue.objects.get(pk=event.pk),
        "auth.user": customer,
        **_rows_of_money(name, order),
        **_rows_of_refunds(order),
        **_rows_of_accounts(customer),
        "jobs.job": outbox.enqueue("orders.paid", run_at=from_now(), order_id=order.pk),
        "admin.logentry": LogEntry.objects.create(
            user=member,
            content_type=ContentType.objects.get_for_model(event),
            action_flag=CHANGE,
            object_id=event.pk,
            object_repr=str(event),
        ),
        "ticketing.logrow": LogRow.objects.for_(order).first(),
    }
    payment = rows["payments.payment"]
    codes = [order.code, order.email, payment.txn_ref, rows["payments.reversal"].request_id]
    return Tenant(rows, [*(f"{kind} {name}" for kind in MARKED), *codes, member.username], member)


MARKED = ["Organizer", "Event", "Hall", "Area", "Case"]


def _rows_of_money(name: str, order: Any) -> dict[str, Model]:
    payment = order.payments.get()
    case = PaymentCase.objects.create(
        kind=CaseKind.REPORTED, payment=payment, order=order, provider="vnpay",
        txn_ref=payment.txn_ref, amount=payment.amount, amount_owed=1, description=f"Case {name}",
        opened_at=from_now(),
    )  # fmt: skip
    run = Reconciliation.objects.create(started_at=from_now(), asked=1, cases=1)
    return {
        "payments.payment": payment,
        "payments.reversal": give_back(payment, 400_000),
        "payments.paymentcase": case,
        "payments.providermessage": ProviderMessage.objects.create(
            provider="vnpay", channel="ipn", txn_ref=payment.txn_ref, body={}, at=from_now()
        ),
        "payments.reconciliation": run,
        "payments.reconciliationentry": ReconciliationEntry.objects.create(
            run=run, payment=payment, at=from_now(), had="captured", has="captured", done="case",
            case=case,
        ),
    }  # fmt: skip


def _rows_of_refunds(order: Any) -> dict[str, Model]:
    campaign = RefundCampaign.objects.create(
        event=order.event, reason="cancelled", created_at=from_now()
    )
    return {
        "refunds.refund": asked(order),
        "refunds.refundcampaign": campaign,
        "refunds.campaignorder": CampaignOrder.objects.create(campaign=campaign, order=order),
    }


def _rows_of_accounts(customer: User) -> dict[str, Model]:
    return {
        "auth.group": Group.objects.get_or_create(name=SUPPORT_GROUP)[0],
        "account.emailaddress": EmailAddress.objects.create(user=customer, email=customer.email),
        "mfa.authenticator": Authenticator.objects.create(
            user=customer, type=Authenticator.Type.TOTP, data={"secret": "JBSWY3DPEHPK3PXP"}
        ),
    }
