"""What payments do later."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone, translation

from jobs import schedules
from jobs.mail import queue_mail, render_mail
from jobs.outbox import RunLater, handles
from jobs.stopping import SLICE_SECONDS
from orders.ends import end_of, ended_with_its_event
from payments import services
from payments.models import CaseKind, PaymentCase, ReconciliationEnd

schedules.declare("payments.advance_reversals", cron="*/5 * * * *")
schedules.declare("payments.reconcile", cron="7 * * * *")
schedules.declare("payments.settle_overdue", cron="*/5 * * * *")

# The sweep leaves this much time to the jobs of the reversals, which do the same.
FOR_THEIR_OWN_JOBS = timedelta(minutes=5)


@handles("orders.expiry_due")
def settle_order(*, order_id: int) -> None:
    """Settle an order whose time is up; come back while the provider gives no answer."""
    again_at = services.settle_order(order_id=order_id)
    if again_at is not None:
        raise RunLater(again_at, "The order can't be settled yet.")


@handles("payments.question_due")
def ask_at_once(*, payment_id: int) -> None:
    """Ask about an attempt whose callback left open whether money moved."""
    again_at = services.ask_at_once(payment_id)
    if again_at is not None:
        raise RunLater(again_at, "It is still open whether money moved.")


@handles("payments.settle_overdue")
def settle_overdue() -> None:
    """Settle what is overdue, in case an order's own job is gone."""
    services.settle_overdue_orders(limit=1000, seconds=SLICE_SECONDS)


@handles("payments.reconcile")
def reconcile_payments(*, limit: int = 100, days: int | None = None) -> None:
    """Compare payments with their providers' word, a slice in each run, until nothing is due."""
    report = services.reconcile_payments(limit=limit, days=days, seconds=SLICE_SECONDS)
    if report.ended == ReconciliationEnd.LIMIT:
        raise RunLater(timezone.now(), "More payments are to be compared.")


@handles("payments.reversal_due")
def advance_reversal(*, reversal_id: int) -> None:
    """Send a reversal, then ask for its end for as long as it takes."""
    again_at = services.advance_reversal(reversal_id)
    if again_at is not None:
        raise RunLater(again_at, "The reversal has not ended yet.")


@handles("payments.advance_reversals")
def advance_reversals() -> None:
    """Advance the reversals that are overdue, in case their own jobs are gone."""
    services.advance_due_reversals(limit=100, overdue_by=FOR_THEIR_OWN_JOBS, seconds=SLICE_SECONDS)


@handles("payments.turn_earlier_cases")
def turn_earlier_cases() -> None:
    """What is left to do of migration 0010 once the version before it serves no more."""
    services.turn_earlier_cases()


@handles("payments.owed")
def mail_owed(*, case_id: int) -> None:
    """Tell the customer that a payment can't be used, and that it goes back in full."""
    case = PaymentCase.objects.select_related("order__event", "order__showing").get(pk=case_id)
    order = case.order
    assert order is not None
    showing, is_late = order.showing, case.kind == CaseKind.LATE
    with translation.override(order.language):
        context = {
            "is_late": is_late,
            "was_called_off": is_late and ended_with_its_event(order, end_of(order)),
            "has_tickets": order.lets_somebody_in,
            "code": order.code,
            "event": order.event.title,
            "starts_at": showing.local(showing.starts_at),
            "amount": order.price_tag(case.amount_owed),
            "reference": case.txn_ref,
        }
    message = render_mail("payments/mail/owed", context, to=[order.email], language=order.language)
    queue_mail(message, key=case.mail_key)
