"""What waits for somebody: counted here, and listed behind a link with the same filters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from back_office.reader import Reader, address_of_list
from jobs.models import Job, JobStatus
from orders.admin import Stuck
from orders.models import Order
from payments.models import CaseStatus, PaymentCase
from refunds.admin.campaigns import StandingStill, WithUndecided
from refunds.admin.desk import UpToThePlatform, WaitingForMe
from refunds.models import UNDECIDED, Refund, RefundCampaign, RefundStatus
from ticketing.admin import AskedToCancel, HasNewDates
from ticketing.back_office import Switch
from ticketing.models import Event
from ticketing.roles import Role

if TYPE_CHECKING:
    from django.db.models import Model

ADMIN, SUPPORT, MEMBER = Role.ADMIN, Role.SUPPORT, Role.MEMBER


@dataclass(frozen=True)
class Queue:
    """Rows that wait until somebody does something.

    `acts` can do it; `looks_on` is told how many wait for others. `lookups` and `switches` are what
    the list is filtered by.
    """

    title: Any
    hint: Any
    model: type[Model]
    acts: tuple[Role, ...]
    looks_on: tuple[Role, ...] = ()
    lookups: dict[str, str] = field(default_factory=dict)
    switches: tuple[type[Switch], ...] = ()

    def count(self, reader: Reader) -> int:
        """How many rows the list behind `address` has for this reader."""
        rows = reader.rows(self.model)
        for switch in self.switches:
            rows = switch.chosen(rows, reader.user)
        exact = {name: value.split(",") if name.endswith("__in") else value
                 for name, value in self.lookups.items()}  # fmt: skip
        return rows.filter(**exact).count()

    @property
    def address(self) -> str:
        switched = {switch.parameter_name: "yes" for switch in self.switches}
        return address_of_list(self.model, {**switched, **self.lookups})


@dataclass(frozen=True)
class Waiting:
    """What of a queue waits at the moment."""

    queue: Queue
    count: int


# Each costs one statement, and reads about as many rows as wait: all of them have an index, but
# those about events and campaigns, of which there are not many.
QUEUES = (
    Queue(
        gettext_lazy("Refunds to decide"),
        gettext_lazy("Customers asked for their money. Say yes or no to each."),
        Refund,
        acts=(MEMBER,),
        switches=(WaitingForMe,),
    ),
    Queue(
        gettext_lazy("Refunds to decide"),
        gettext_lazy("Only the platform decides these. Say yes or no to each."),
        Refund,
        acts=(ADMIN,),
        switches=(WaitingForMe, UpToThePlatform),
    ),
    Queue(
        gettext_lazy("Refunds that nobody has decided yet"),
        gettext_lazy("Organizers or the platform will say yes or no."),
        Refund,
        acts=(),
        looks_on=(SUPPORT,),
        lookups={"status__in": ",".join(UNDECIDED)},
    ),
    Queue(
        gettext_lazy("Refunds that failed"),
        gettext_lazy("The provider did not give the money back. An admin settles it."),
        Refund,
        acts=(ADMIN,),
        looks_on=(SUPPORT, MEMBER),
        lookups={"status__exact": RefundStatus.PAYMENT_FAILED.value},
    ),
    Queue(
        gettext_lazy("Open payment cases"),
        gettext_lazy("Money that did not come as planned. Each needs a decision."),
        PaymentCase,
        acts=(ADMIN,),
        looks_on=(SUPPORT, MEMBER),
        lookups={"status__exact": CaseStatus.OPEN.value},
    ),
    Queue(
        gettext_lazy("Stuck orders"),
        gettext_lazy("Long overdue, and nobody knows whether they are paid. Their seats are held."),
        Order,
        acts=(ADMIN,),
        looks_on=(SUPPORT, MEMBER),
        switches=(Stuck,),
    ),
    Queue(
        gettext_lazy("Requests to cancel an event"),
        gettext_lazy("An organizer asks for it; an admin confirms it or takes it back."),
        Event,
        acts=(ADMIN,),
        looks_on=(SUPPORT, MEMBER),
        switches=(AskedToCancel,),
    ),
    Queue(
        gettext_lazy("Postponed events with new dates"),
        gettext_lazy("Buyers were told the new dates. Nobody gets in before an admin reinstates."),
        Event,
        acts=(ADMIN,),
        looks_on=(SUPPORT, MEMBER),
        switches=(HasNewDates,),
    ),
    Queue(
        gettext_lazy("Refund campaigns to start or resume"),
        gettext_lazy("Customers wait for their money until somebody does."),
        RefundCampaign,
        acts=(ADMIN,),
        switches=(StandingStill,),
    ),
    Queue(
        gettext_lazy("Refund campaigns with orders to look at"),
        gettext_lazy("These orders could not be refunded. Read why, and have them retried."),
        RefundCampaign,
        acts=(ADMIN,),
        switches=(WithUndecided,),
    ),
    Queue(
        gettext_lazy("Dead jobs"),
        gettext_lazy("Work that failed too often, a mail for example. Read why; try it again."),
        Job,
        acts=(ADMIN,),
        looks_on=(SUPPORT,),
        lookups={"status__exact": JobStatus.DEAD.value},
    ),
)


def waiting_for(reader: Reader) -> list[Waiting]:
    """What the reader can do something about; nothing that is empty."""
    return _waiting(reader, [queue for queue in QUEUES if reader.role in queue.acts])


def waiting_for_others(reader: Reader) -> list[Waiting]:
    """What the reader sees and others have to do something about; nothing that is empty."""
    return _waiting(reader, [queue for queue in QUEUES if reader.role in queue.looks_on])


def _waiting(reader: Reader, queues: list[Queue]) -> list[Waiting]:
    open_ones = [queue for queue in queues if reader.sees(queue.model)]
    counted = [Waiting(queue, queue.count(reader)) for queue in open_ones]
    return [waiting for waiting in counted if waiting.count]
