"""The use cases of orders; each opens its own transaction and is called by edges only."""

from orders.services.cancel import cancel_for_customer, cancel_order
from orders.services.check_in import check_in
from orders.services.close_event import close_event
from orders.services.expire import expire_untried
from orders.services.place import place_order
from orders.services.resend_tickets import resend_tickets
from orders.services.tell_of_clearing import tell_of_clearing
from orders.services.tell_of_dates import still_true, tell_of_dates

__all__ = [
    "cancel_for_customer",
    "cancel_order",
    "check_in",
    "close_event",
    "expire_untried",
    "place_order",
    "resend_tickets",
    "still_true",
    "tell_of_clearing",
    "tell_of_dates",
]
