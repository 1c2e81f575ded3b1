"""To the payment provider: an attempt is committed, then the browser is sent there."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from orders.models import Order, OrderStatus
from orders.pages.access import SignedInRequest, customer_action, to_order
from payments import services
from payments.models import Payment, PaymentStatus
from payments.pages import parts  # noqa: F401  it fills its slot of the order's page
from payments.pages.forms import PayForm
from payments.providers import Customer, spoken_locale

PROVIDER = "vnpay"


@customer_action
def order_pay(request: SignedInRequest, order: Order) -> HttpResponse:
    form = PayForm(request.POST)
    if not form.is_valid():
        return to_order(order.code)
    customer = Customer(request.META.get("REMOTE_ADDR", ""), spoken_locale())
    attempt = _start(order, customer, f"page:{form.cleaned_data['key']}")
    if attempt.status != PaymentStatus.PENDING or not _is_to_be_paid(order):
        # The page is an old one: its attempt has ended, and the provider takes no link twice; or
        # there is nothing to pay any more, or not again, which is told by the refusal.
        attempt = _start(order, customer, None)
    return redirect(attempt.payment_url)


def _is_to_be_paid(order: Order) -> bool:
    is_open = order.status == OrderStatus.PENDING_PAYMENT and order.event.is_selling
    now = timezone.now()
    return is_open and not any(each.is_being_checked(now) for each in order.payments.all())


def _start(order: Order, customer: Customer, key: str | None) -> Payment:
    return services.start_payment(
        order_id=order.pk, provider=PROVIDER, customer=customer, idempotency_key=key
    )
