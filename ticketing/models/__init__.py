"""Who sells what, and which places there are to sell."""

from ticketing.models.events import Event, EventQuerySet, EventStatus, FraudStatus, Organizer
from ticketing.models.log import LogRow
from ticketing.models.rules import one_of
from ticketing.models.seats import CurrentTransaction, Seat, SeatQuerySet, SeatStatus, has_free_seat
from ticketing.models.sessions import Session
from ticketing.models.showings import Area, Row, Showing, validate_time_zone
from ticketing.models.uploads import SeatPlanUpload

__all__ = [
    "Area",
    "CurrentTransaction",
    "Event",
    "EventQuerySet",
    "EventStatus",
    "FraudStatus",
    "LogRow",
    "Organizer",
    "Row",
    "Seat",
    "SeatPlanUpload",
    "SeatQuerySet",
    "SeatStatus",
    "Session",
    "Showing",
    "has_free_seat",
    "one_of",
    "validate_time_zone",
]
