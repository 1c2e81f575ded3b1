"""What payments do later."""

from __future__ import annotations

from django.utils import timezone

from jobs.outbox import RunLater, handles
from payments import services
from payments.models import ReconciliationEnd


@handles("orders.expiry_due")
def settle_order(*, order_id: int) -> None:
    """Settle an order whose time is up; come back while the provider gives no answer."""
    again_at = services.settle_order(order_id=order_id)
    if again_at is not None:
        raise RunLater(again_at, "The order can't be settled yet.")


@handles("payments.reconcile")
def reconcile_payments(*, limit: int = 100, days: int | None = None) -> None:
    """Compare payments with their providers' word, a slice in each run, until nothing is due."""
    report = services.reconcile_payments(limit=limit, days=days)
    if report.ended == ReconciliationEnd.LIMIT:
        raise RunLater(timezone.now(), "More payments are to be compared.")
