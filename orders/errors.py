"""What can be refused about an order, and how callers recognise it (`design.md` section 6)."""

from django.utils.translation import gettext_lazy as _

from ticketing.errors import DomainError


class SeatsUnavailable(DomainError):
    """`extra["seats"]`: the ids that can't be had."""

    code = "seats-unavailable"
    title = _("Some of these seats are taken.")
    extra_example = {"seats": [11]}


class NotEnoughSeats(DomainError):
    """`extra["available"]`: how many places could be had at that moment."""

    code = "not-enough-seats"
    title = _("There are not enough places left.")
    extra_example = {"available": 2}


class TooManyTickets(DomainError):
    code = "too-many-tickets"
    title = _("That is more tickets than one customer may buy.")


class OrderExpired(DomainError):
    code = "order-expired"
    title = _("The time to pay for this order is over.")


class OrderNotPayable(DomainError):
    code = "order-not-payable"
    title = _("This order can't be paid.")


class OrderNotCancellable(DomainError):
    code = "order-not-cancellable"
    title = _("This order can't be cancelled any more.")


# Why neither of both is possible while `Order.is_being_settled`.
BEING_SETTLED = _("Its time is up. We are checking whether it was paid; its seats are free if not.")


class RefundTooLarge(DomainError):
    code = "refund-too-large"
    title = _("More would go back than was paid.")


class AlreadyCheckedIn(DomainError):
    """`extra["checked_in_at"]`: when its holder went in."""

    code = "already-checked-in"
    title = _("This ticket was used before.")
    extra_example = {"checked_in_at": "2026-12-20T12:05:41Z"}


class TicketNotValid(DomainError):
    code = "ticket-not-valid"
    title = _("This ticket lets nobody in.")


class WrongShowing(DomainError):
    code = "wrong-showing"
    title = _("This ticket is for another showing.")


class DoorClosed(DomainError):
    code = "door-closed"
    title = _("Nobody is let in to this showing now.")


class NoTicketsToSend(DomainError):
    code = "no-tickets-to-send"
    title = _("There are no tickets to send.")
