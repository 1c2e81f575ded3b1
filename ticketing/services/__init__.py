"""The use cases of ticketing; each opens its own transaction and is called by edges only."""

from ticketing.services.accounts import delete_accounts
from ticketing.services.blocking import (
    block_places,
    block_seats,
    release_places,
    release_seats,
)
from ticketing.services.cancellation import (
    confirm_cancellation,
    request_cancellation,
    withdraw_cancellation,
)
from ticketing.services.copy_event import copy_event
from ticketing.services.fraud import (
    clear_event,
    confirm_fraud,
    investigate_event,
    lift_revenue_freeze,
)
from ticketing.services.postpone import postpone_event, reinstate_event
from ticketing.services.prices import NewPrice, change_prices
from ticketing.services.publish import publish_event
from ticketing.services.remove_places import empty_area, remove_area, remove_showing
from ticketing.services.seat_plan import import_seat_plan, keep_seat_plan, use_seat_plan
from ticketing.services.seats import add_area, give_seats
from ticketing.services.sessions import end_own_sessions, log_out_everywhere, prune_sessions

__all__ = [
    "NewPrice",
    "add_area",
    "block_places",
    "block_seats",
    "change_prices",
    "clear_event",
    "confirm_cancellation",
    "confirm_fraud",
    "copy_event",
    "delete_accounts",
    "empty_area",
    "end_own_sessions",
    "give_seats",
    "import_seat_plan",
    "investigate_event",
    "keep_seat_plan",
    "lift_revenue_freeze",
    "log_out_everywhere",
    "postpone_event",
    "prune_sessions",
    "publish_event",
    "reinstate_event",
    "release_places",
    "release_seats",
    "remove_area",
    "remove_showing",
    "request_cancellation",
    "use_seat_plan",
    "withdraw_cancellation",
]
