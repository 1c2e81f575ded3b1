"""What the caller can act on. One class, one problem code (`design.md` section 6)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A refusal the caller can act on. One subclass owns one problem code.

    `str(error)` says what happened and what to do next; `extra` are members added to the problem,
    and `extra_example` shows them in the API's documentation.
    """

    code: ClassVar[str]
    title: ClassVar[Any]
    status: ClassVar[int] = 409
    extra_example: ClassVar[dict[str, Any]] = {}

    def __init__(self, detail: Any, **extra: Any) -> None:
        super().__init__(detail)
        self.extra = extra


class SalesClosed(DomainError):
    code = "sales-closed"
    title = _("Tickets for this showing are not on sale now.")


class IdempotencyKeyReused(DomainError):
    code = "idempotency-key-reused"
    title = _("This Idempotency-Key came with another request before.")
    status = 422

    @classmethod
    def check(cls, digest: str, *, earlier: str) -> None:
        """Raise unless the request is the one that the key came with before."""
        if digest != earlier:
            raise cls(
                gettext("This Idempotency-Key came with another request before. Use a new key.")
            )


class InvalidSeatPlan(DomainError):
    """`extra["errors"]`: a list of `{"line", "message"}`."""

    code = "invalid-seat-plan"
    title = _("The seat plan can't be used as it is.")
    status = 400


class WrongAreaKind(DomainError):
    code = "wrong-area-kind"
    title = _("This area sells its places in the other way.")


class AreaHasSeats(DomainError):
    code = "area-has-seats"
    title = _("This area already has its seats.")


class EventNotPublishable(DomainError):
    code = "event-not-publishable"
    title = _("This event can't be published.")


class WrongDates(DomainError):
    code = "wrong-dates"
    title = _("The event can't take place at this time.")
    status = 400


class NotAllowed(DomainError):
    code = "not-allowed"
    title = _("This is for somebody else to decide.")
    status = 403


class WrongEventState(DomainError):
    code = "wrong-event-state"
    title = _("The state of the event does not allow this.")


class SecondAdminNeeded(DomainError):
    code = "second-admin-needed"
    title = _("Another admin has to decide this.")


class ShowingOver(DomainError):
    code = "showing-over"
    title = _("The showing is over.")


class WrongSeatState(DomainError):
    """`extra["seats"]`: the ids of the seats that were in another state, so that none moved."""

    code = "wrong-seat-state"
    title = _("Some of these seats are in another state by now.")
    extra_example = {"seats": [11]}


class TooFewPlaces(DomainError):
    """`extra["available"]`: how many places could have been moved at that moment."""

    code = "too-few-places"
    title = _("There are not as many such places.")
    extra_example = {"available": 2}


class InvalidPrice(DomainError):
    code = "invalid-price"
    title = _("This can't be a price.")
    status = 400


class PriceChanged(DomainError):
    code = "price-changed"
    title = _("The price has changed meanwhile.")
