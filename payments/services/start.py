"""Start an attempt to pay: committed here before the customer is sent anywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import OrderExpired, OrderNotPayable
from orders.models import Order
from payments.models import Channel, Payment
from payments.providers import Customer, NotPayable, get_provider
from payments.services.messages import log_message
from ticketing.errors import IdempotencyKeyReused
from ticketing.models import Event

LEAST_TIME_LEFT = timedelta(minutes=1)
MOST_ATTEMPTS = 20


@transaction.atomic(durable=True)
def start_payment(
    *,
    order_id: int,
    provider: str,
    customer: Customer,
    idempotency_key: str | None = None,
    request_digest: str = "",
) -> Payment:
    """Make a new attempt to pay the whole order, with a reference and a pay link of its own.

    The link expires with the order. None is made for an event that is not selling; money that
    is on its way for it is taken. The same `idempotency_key` with the same `request_digest`
    gives the attempt made the first time. Locks the order; no network call happens here.

    Raises OrderExpired (also with less than a minute left), OrderNotPayable, IdempotencyKeyReused.
    """
    now = timezone.now()
    order = Order.objects.get_for_update(order_id)
    earlier = _earlier_answer(order, idempotency_key, request_digest)
    if earlier:
        return earlier
    _check_payable(order, now)
    payment = _open(order, provider, customer, now)
    payment.idempotency_key, payment.request_digest = idempotency_key, request_digest
    payment.save()
    order.payment_started_at = order.payment_started_at or now
    order.save(update_fields=["payment_started_at"])
    return payment


def _earlier_answer(order: Order, key: str | None, digest: str) -> Payment | None:
    if key is None:
        return None
    earlier = order.payments.filter(idempotency_key=key).first()
    if earlier:
        IdempotencyKeyReused.check(digest, earlier=earlier.request_digest)
    return earlier


def _check_payable(order: Order, now: datetime) -> None:
    if order.status == Order.Status.EXPIRED:
        raise OrderExpired(_("Its seats are free for others again. Place a new order."))
    if order.status != Order.Status.PENDING_PAYMENT:
        raise OrderNotPayable(_("The order is {status}.").format(status=order.get_status_display()))
    if not order.event.is_selling:
        raise OrderNotPayable(_why_not_selling(order.event))
    if order.expires_at - now < LEAST_TIME_LEFT:
        raise OrderExpired(_("Too little time is left to pay. Place a new order in a minute."))
    if order.payments.count() >= MOST_ATTEMPTS:
        raise OrderNotPayable(_("There were too many attempts to pay. Place a new order."))


def _why_not_selling(event: Event) -> str:
    if event.status == Event.Status.CANCELLED:
        return _("The event was cancelled. There is nothing to pay.")
    if event.is_closed:
        return _("Tickets for this event are not sold any more. There is nothing to pay.")
    return _("The event is {state}. Place a new order once its tickets are on sale again.").format(
        state=event.get_status_display()
    )


def _open(order: Order, provider_name: str, customer: Customer, now: datetime) -> Payment:
    provider = get_provider(provider_name)
    payment = Payment(
        order=order,
        provider=provider.name,
        amount=order.total_amount,
        currency=order.currency,
        created_at=now,
        expires_at=order.expires_at,
    )
    try:
        opening = provider.open(payment, customer, now)
    except NotPayable as refusal:
        raise OrderNotPayable(str(refusal)) from refusal
    payment.payment_url, payment.provider_request = opening.payment_url, opening.request
    log_message(provider, Channel.PAY, opening.request, txn_ref=payment.txn_ref, at=now)
    return payment
