"""What events have earned, and what of it their organizers may be paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ticketing.amounts import price_tag
from ticketing.business_time import stamp
from ticketing.models import Event

NOTHING = Decimal(0)
ALL = Q()
RECENT = "_recently"
SUMMED = {
    "sold": "total_amount",
    "refunded": "refunded_amount",
    "reserved": "refund_reserved_amount",
}


@dataclass(frozen=True)
class Revenue:
    """The money of one event: what was paid for it, what went back, what is approved to go back.

    While it is frozen there is no payable amount, so that nobody can show it or pay it out.
    """

    sold: Decimal
    refunded: Decimal
    reserved: Decimal
    frozen_at: datetime | None

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None

    @property
    def payable(self) -> Decimal | None:
        """What its organizer may be paid; None while that is nobody's to say."""
        return None if self.is_frozen else self._kept

    @property
    def held_back(self) -> Decimal | None:
        """What would be payable if it were not frozen. For platform admins only."""
        return self._kept if self.is_frozen else None

    @property
    def _kept(self) -> Decimal:
        return self.sold - self.refunded - self.reserved

    def __str__(self) -> str:
        if self.frozen_at is None:
            return price_tag(self._kept)
        since = stamp(self.frozen_at)
        return _("frozen since {moment}").format(moment=since)


class EventRevenue(Event):
    """An event as the accounts see it."""

    class Meta:
        proxy = True
        app_label = "orders"
        verbose_name = verbose_name_plural = gettext_lazy("revenue")

    @property
    def revenue(self) -> Revenue:
        """Its money, if it was read `with_amounts`."""
        read: Any = self
        return Revenue(read.sold, read.refunded, read.reserved, self.revenue_frozen_at)

    @property
    def recent_revenue(self) -> Revenue:
        """Its money of late, if it was read `with_amounts_since`."""
        sums = {name: getattr(self, f"{name}{RECENT}") for name in SUMMED}
        return Revenue(**sums, frozen_at=self.revenue_frozen_at)


def amounts(path: str = "", where: Q = ALL, suffix: str = "") -> dict[str, Sum]:
    """The sums that `Revenue` is made of, over the paid orders at the end of this path.

    `where` leaves orders out; `suffix` ends the sums' names. The index `order_paid` has all that
    is read here; a constraint has it that paid orders, and no others, know when they were paid.
    """
    paid = Q(**{f"{path}paid_at__isnull": False}) & where
    return {
        f"{name}{suffix}": Sum(f"{path}{field}", filter=paid, default=NOTHING)
        for name, field in SUMMED.items()
    }


def with_amounts(events: QuerySet[EventRevenue], where: Q = ALL) -> QuerySet[EventRevenue]:
    """These events with the sums that `revenue` is made of, all in one statement."""
    return events.annotate(**amounts("orders__", where))


def with_amounts_since(events: QuerySet[EventRevenue], since: datetime) -> QuerySet[EventRevenue]:
    """`with_amounts`, and those of orders paid since that moment for `recent_revenue`."""
    recent = amounts("orders__", Q(orders__paid_at__gte=since), RECENT)
    return with_amounts(events).annotate(**recent)
