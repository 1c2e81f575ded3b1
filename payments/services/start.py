"""Start an attempt to pay: committed here before the customer is sent anywhere."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs.prepared import fetch_all
from jobs.writing import insert, together, update
from orders.errors import BEING_SETTLED, OrderExpired, OrderNotPayable
from orders.models import Order
from payments.locks import lock_order
from payments.models import Channel, Payment
from payments.providers import Customer, NotPayable, get_provider
from payments.services.messages import log_message
from ticketing.errors import IdempotencyKeyReused
from ticketing.event_changes import why_nothing_to_pay

# Settling asks the provider about each that is left open, one after the other.
MOST_ATTEMPTS = 20

# How many there are, how many of them `may_have_paid` (see Payment), and which one came with this
# key: none without a key, nothing equals NULL.
ATTEMPTS = """
SELECT count(*),
    count(*) FILTER (
        WHERE status IN ('captured', 'review') OR status = 'pending' AND provider_code <> ''
    ),
    max(id) FILTER (WHERE idempotency_key = %(key)s)
FROM payments_payment WHERE order_id = %(order)s
"""


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
    is on its way for it is taken. Nor is one made while an earlier attempt may have paid the order.
    The same `idempotency_key` with the same `request_digest` gives the attempt made the first time.
    Locks the order; no network call happens here.

    Raises OrderExpired (also with less than a minute left), OrderNotPayable, IdempotencyKeyReused.
    """
    now = timezone.now()
    order = lock_order(order_id)
    asked = {"order": order_id, "key": idempotency_key}
    [(attempts, checked, earlier_id)] = fetch_all(ATTEMPTS, asked)
    # Before any check: a repeat is told what it was told, however far the order is by now.
    if earlier_id:
        return _earlier_answer(earlier_id, request_digest)
    # First, since the other refusals send the customer to a new order: not while money may be here.
    _check_undecided(order, checked, now)
    _check_payable(order, attempts, now)
    with together():
        payment = _open(order, provider, customer, now)
        payment.idempotency_key, payment.request_digest = idempotency_key, request_digest
        insert([payment])
        # From here on it does not expire without a question to the provider.
        if order.payment_started_at is None:
            order.payment_started_at = now
            update(order, "payment_started_at")
    return payment


def _earlier_answer(payment_id: int, digest: str) -> Payment:
    earlier = Payment.objects.get(pk=payment_id)
    IdempotencyKeyReused.check(digest, earlier=earlier.request_digest)
    return earlier


def _check_undecided(order: Order, checked: int, now: datetime) -> None:
    """Refuse while an earlier attempt may turn out to have paid the order."""
    if order.is_being_settled(now):
        raise OrderExpired(BEING_SETTLED)
    if checked and order.status == Order.Status.PENDING_PAYMENT:
        raise OrderNotPayable(
            _("A payment of this order is being checked; please don't pay again.")
        )


def _check_payable(order: Order, attempts: int, now: datetime) -> None:
    if order.status == Order.Status.EXPIRED:
        raise OrderExpired(_("Its seats are free for others again. Place a new order."))
    if order.status != Order.Status.PENDING_PAYMENT:
        raise OrderNotPayable(_("The order is {status}.").format(status=order.get_status_display()))
    if not order.event.is_selling:
        raise OrderNotPayable(why_nothing_to_pay(order.event))
    if order.is_too_late_to_pay(now):
        raise OrderExpired(_("Too little time is left to pay. Place a new order in a minute."))
    if attempts >= MOST_ATTEMPTS:
        raise OrderNotPayable(_("There were too many attempts to pay. Place a new order."))


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
