"""The use cases of orders; each opens its own transaction and is called by edges only."""

from orders.services.cancel import cancel_order
from orders.services.place import place_order

__all__ = ["cancel_order", "place_order"]
