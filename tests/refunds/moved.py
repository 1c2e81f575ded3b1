"""Refunds in every state, and the provider's word without a provider."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from orders.models import Order
from payments.models import Payment, Reversal
from payments.operations.cases import open_case
from payments.operations.reversals import ask_a_person, follow
from payments.providers import RefundState
from refunds import services
from refunds.operations import decisions
from refunds.operations.claims import claim_for_customer
from refunds.policy import Reason
from tests.factories import CustomerFactory, PaymentFactory, from_now
from ticketing.models import Event, Showing


def new_admin():
    return CustomerFactory(is_staff=True, is_superuser=True)


def ask(order, tickets=None, reason=Reason.PERSONAL):
    codes = [ticket.code for ticket in tickets] if tickets else None
    return services.request_refund(
        order_id=order.pk, requester=order.customer, reason=reason, ticket_codes=codes
    )


def tickets_of(order):
    return list(order.tickets.order_by("pk"))


def approve_by_itself(order):
    Event.objects.filter(pk=order.event_id).update(auto_approve_refund=True)


def let_days_pass(order, days):
    """The same as waiting: its sale ends that much sooner."""
    showing = Showing.objects.get(pk=order.showing_id)
    showing.ticket_sale_end -= from_now(days=days) - from_now()
    showing.save()


def postpone(event_id):
    event = Event.objects.get(pk=event_id)
    event.postpone(by=None, at=from_now(), reason="The singer is ill.")
    event.save()


def take_place_yesterday(showing_id):
    Showing.objects.filter(pk=showing_id).update(
        ticket_sale_start=from_now(days=-9),
        ticket_sale_end=from_now(days=-2),
        starts_at=from_now(days=-1, hours=-2),
        ends_at=from_now(days=-1),
    )


def say(reversal_id, state):
    """Move a reversal as the provider's word does. The refund does not know of it yet."""
    with transaction.atomic():
        found = Reversal.objects.select_related("payment").get(pk=reversal_id)
        Order.objects.get_for_update(found.payment.order_id)
        Payment.objects.get_for_update(found.payment_id)
        reversal = Reversal.objects.get_for_update(reversal_id)
        follow(reversal, state, by=None, at=timezone.now(), reason="The provider says so.")


def leave_unclear(reversal_id):
    """The provider was told and does not say what it did: a person is asked."""
    with transaction.atomic():
        reversal = Reversal.objects.get_for_update(reversal_id)
        now = timezone.now()
        if reversal.status == Reversal.Status.CREATED:
            reversal.send(by=None, at=now, reason="The provider is told.", request={})
        if reversal.status == Reversal.Status.SENT:
            reversal.doubt(by=None, at=now, reason="The answer is none.")
        ask_a_person(reversal, at=now)
        reversal.due_at = None
        reversal.save()


def give_back(refund):
    """Approved money arrives at the customer."""
    refund = services.pay_back(refund_id=refund.pk)
    say(refund.reversal_id, RefundState.DONE)
    services.record_reversal(reversal_id=refund.reversal_id)


def refuse(refund):
    """The provider refuses approved money."""
    refund = services.pay_back(refund_id=refund.pk)
    say(refund.reversal_id, RefundState.REJECTED)
    services.record_reversal(reversal_id=refund.reversal_id)


def lose_sight_of(refund):
    """Nobody knows what became of approved money."""
    refund = services.pay_back(refund_id=refund.pk)
    leave_unclear(refund.reversal_id)
    services.record_unclear_reversal(reversal_id=refund.reversal_id)


def paid_twice(order):
    """A second payment of a paid order, and the case that says so."""
    payment = PaymentFactory(order=order, amount=order.total_amount)
    payment.capture(
        by=None, at=from_now(), reason="The test pays it.", transaction_no="14226113", code="00/00"
    )
    payment.save()
    return open_case("duplicate", payment, payment.amount, from_now(), owed=payment.amount)


def requested(order, tickets):
    """As it stands inside the transaction that makes it; no service leaves one behind so."""
    order = Order.objects.get(pk=order.pk)
    codes = [ticket.code for ticket in tickets]
    claim = claim_for_customer(order, Reason.PERSONAL, codes, timezone.now())
    return decisions.create(claim, by=order.customer)


def pending_admin(order, tickets):
    postpone(order.event_id)
    return ask(order, reason=Reason.POSTPONED)


def approved(order, tickets):
    return services.approve_refund(refund_id=ask(order, tickets).pk, by=new_admin())


def rejected(order, tickets):
    refund = ask(order, tickets)
    return services.reject_refund(refund_id=refund.pk, by=new_admin(), reason="The hall is booked.")


def processing(order, tickets):
    return services.pay_back(refund_id=approved(order, tickets).pk)


def completed(order, tickets):
    refund = approved(order, tickets)
    services.override_refund(refund_id=refund.pk, percentage=100, by=new_admin(), note="Our fault.")
    give_back(refund)
    return refund


def partial(order, tickets):
    refund = approved(order, tickets)
    give_back(refund)
    return refund


def payment_failed(order, tickets):
    refund = approved(order, tickets)
    refuse(refund)
    return refund


def unclear(order, tickets):
    """Payment failed, too, and the reversal is still open."""
    refund = approved(order, tickets)
    lose_sight_of(refund)
    return refund


def failed(order, tickets):
    refund = payment_failed(order, tickets)
    return services.mark_refund_failed(refund_id=refund.pk, by=new_admin(), reason="Card stolen.")


MADE = {
    "requested": requested,
    "pending_organizer": ask,
    "pending_admin": pending_admin,
    "approved": approved,
    "rejected": rejected,
    "processing": processing,
    "completed": completed,
    "partial": partial,
    "payment_failed": payment_failed,
    "failed": failed,
}
