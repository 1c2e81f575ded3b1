"""The use cases of ticketing; each opens its own transaction and is called by edges only."""

from ticketing.services.publish import publish_event
from ticketing.services.seat_plan import import_seat_plan
from ticketing.services.seats import generate_places, generate_rows

__all__ = ["generate_places", "generate_rows", "import_seat_plan", "publish_event"]
