"""What a campaign is about in figures, before and after it; every order of it for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from orders.models import Order, Ticket, TicketStatus
from payments.models import GOES_BACK, Payment, PaymentCase
from refunds.models import RESERVED, UNDECIDED, Refund, RefundCampaign, RefundStatus
from refunds.operations import campaigns
from ticketing.exports import harmless
from ticketing.models import Event, Showing

READ_AT_ONCE = 1_000
# The status says so, too; but by that the index of all live tickets would do, and where a table has
# no statistics yet, PostgreSQL reads it whole for each order.
IS_USED = Q(used_at__isnull=False) & ~Q(status=TicketStatus.REFUNDED)
COLUMNS = {
    "order": "order__code",
    "campaign": "status",
    "order status": "order__status",
    "total": "order__total_amount",
    "refunded": "order__refunded_amount",
    "reserved": "order__refund_reserved_amount",
    "currency": "order__currency",
    "refund": "refund_id",
    "refund status": "refund__status",
    "refund amount": "refund__amount",
    "note": "note",
}


def rows(campaign: RefundCampaign) -> Iterator[list[object]]:
    """One row for each order, in the order of `COLUMNS`, read in chunks however many there are."""
    entries = campaign.orders.order_by("pk").values_list(*COLUMNS.values())
    for *facts, note in entries.iterator(chunk_size=READ_AT_ONCE):
        yield [*facts, harmless(note)]


def obstacles(orders: QuerySet[Order], event: Event, showing: Showing | None) -> dict[str, int]:
    """Orders of a scope that a person will have to look at, or should know of before.

    `second_payments` are late ones, too, and all of the event: their orders may have ended unpaid.
    """
    refunds = Refund.objects.filter(order=OuterRef("pk"), case__isnull=True)
    used = Ticket.objects.filter(order=OuterRef("pk")).filter(IS_USED)
    owed = PaymentCase.objects.filter(kind__in=GOES_BACK, payment__isnull=False)
    paid = Payment.objects.captured().filter(order=OuterRef("pk"))
    paying = paid.exclude(pk__in=owed.values("payment"))
    is_partly_refunded = Q(refunded_amount__gt=0) & Q(refunded_amount__lt=F("total_amount"))
    found = orders.aggregate(
        used=Count("pk", filter=Q(Exists(used))),
        waiting_requests=Count("pk", filter=Q(Exists(refunds.filter(status__in=UNDECIDED)))),
        failed_refunds=Count(
            "pk", filter=Q(Exists(refunds.filter(status=RefundStatus.PAYMENT_FAILED)))
        ),
        on_their_way=Count("pk", filter=Q(Exists(refunds.filter(status__in=RESERVED)))),
        partly_refunded=Count("pk", filter=is_partly_refunded),
        without_payment=Count("pk", filter=Q(total_amount__gt=0) & ~Q(Exists(paying))),
        overridden=Count("pk", filter=campaigns.is_overridden()),
    )
    return {**found, "second_payments": _open_cases(event, showing)}


def _open_cases(event: Event, showing: Showing | None) -> int:
    cases = PaymentCase.objects.open().filter(kind__in=GOES_BACK, order__event=event)
    return (cases.filter(order__showing=showing) if showing else cases).count()
