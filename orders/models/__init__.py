"""What was bought: orders, the seats they hold, and the tickets they became."""

from orders.models.codes import CODE_ALPHABET, order_code, ticket_code
from orders.models.order import LAST_MINUTE, SETTLED_AS_PAID, Order, OrderQuerySet, OrderStatus
from orders.models.seat_hold import HoldStatus, SeatHold, SeatHoldQuerySet
from orders.models.ticket import VALID_TICKET, Ticket, TicketQuerySet, TicketStatus

__all__ = [
    "CODE_ALPHABET",
    "LAST_MINUTE",
    "SETTLED_AS_PAID",
    "VALID_TICKET",
    "HoldStatus",
    "Order",
    "OrderQuerySet",
    "OrderStatus",
    "SeatHold",
    "SeatHoldQuerySet",
    "Ticket",
    "TicketQuerySet",
    "TicketStatus",
    "order_code",
    "ticket_code",
]
