"""What payments do later."""

from __future__ import annotations

from jobs.outbox import RunLater, handles
from payments import services


@handles("orders.expiry_due")
def settle_order(*, order_id: int) -> None:
    """Settle an order whose time is up; come back while the provider gives no answer."""
    again_at = services.settle_order(order_id=order_id)
    if again_at is not None:
        raise RunLater(again_at, "The order can't be settled yet.")
