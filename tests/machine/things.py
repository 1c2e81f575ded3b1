"""The things of the model: places, areas, orders with their attempts to pay, and campaigns."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.refunds.money_model import AnOrder, ARefund

OPEN = {"pending", "review"}


@dataclass(eq=False)
class APlace:
    area: AnArea
    status: str = "available"


@dataclass(eq=False)
class AnArea:
    """Its places in the order of their ids."""

    price: int
    is_standing: bool
    places: list[APlace] = field(default_factory=list)

    def in_state(self, status: str) -> list[APlace]:
        return [place for place in self.places if place.status == status]


@dataclass(eq=False)
class AnAttempt:
    """`at_bank` is what the bank would answer: None for a link that nobody took up."""

    is_other_amount: bool
    at_bank: str | None = None
    status: str = "pending"
    was_refused: bool = False
    was_suspected: bool = False
    is_owed: bool = False
    open_cases: set[str] = field(default_factory=set)

    @property
    def may_have_paid(self) -> bool:
        is_unsure = self.status == "pending" and "amount_mismatch" in self.open_cases
        return is_unsure or self.status in ("captured", "review")


@dataclass(eq=False)
class ASale(AnOrder):
    """An order from its placing on; its tickets count once it is settled as paid."""

    customer: int = 0
    places: list[APlace] = field(default_factory=list)
    expires: int = 0
    state: str = "pending_payment"
    attempts: list[AnAttempt] = field(default_factory=list)
    owed: dict[ARefund, AnAttempt] = field(default_factory=dict)

    @property
    def is_pending(self) -> bool:
        return self.state == "pending_payment"

    @property
    def is_settled(self) -> bool:
        return self.state == "paid"

    @property
    def status(self) -> str:
        return super().status if self.is_settled else self.state

    @property
    def captured(self) -> list[AnAttempt]:
        return [each for each in self.attempts if each.status == "captured"]

    @property
    def unanswered(self) -> list[AnAttempt]:
        return [each for each in self.attempts if each.status in OPEN]

    @property
    def is_being_checked(self) -> bool:
        return self.is_pending and any(each.may_have_paid for each in self.attempts)

    @property
    def live_places(self) -> list[APlace]:
        if self.is_settled:
            both = zip(self.places, self.tickets, strict=True)
            return [place for place, ticket in both if not ticket.is_seat_back]
        return self.places if self.is_pending else []

    def is_overdue(self, clock: int) -> bool:
        return self.is_pending and self.expires <= clock

    def goes_on(self) -> bool:
        """Whether one of its refunds comes to an end with nobody's help."""
        is_stuck = any(each.status == "payment_failed" and each.is_open for each in self.own)
        states = {each.status for each in self.own}
        waits = {"processing"} if is_stuck else {"processing", "approved"}
        return self.status != "refunded" and bool(states & waits)

    def never_tried(self) -> bool:
        return not self.attempts


@dataclass(eq=False)
class ACampaign:
    reason: str
    status: str = "draft"
    known: set[ASale] = field(default_factory=set)
