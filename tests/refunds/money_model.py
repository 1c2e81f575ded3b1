"""What must become of orders and refunds, in plain Python and whole cents: no database, no policy.

Each question about a step answers with the code of its refusal, or None. What is reserved or has
gone back is never kept but summed up from the refunds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

UNDECIDED = {"pending_organizer", "pending_admin"}
RESERVED = {"approved", "processing", "payment_failed"}
BACK = {"completed", "partial"}
OVER = {"rejected", "failed"}
PAID = {"paid", "paid there"}  # by hand, or by the provider after all


def share(cents: int, percentage: int) -> int:
    """Rounded half up to a whole cent."""
    return (2 * cents * percentage + 100) // 200


@dataclass
class ATicket:
    price: int
    status: str = "active"
    is_seat_back: bool = False


@dataclass(eq=False)
class AReversal:
    amount: int
    status: str = "open"


@dataclass(eq=False)
class ARefund:
    reason: str
    tickets: frozenset[int]
    base: int
    percentage: int
    amount: int
    status: str
    reversal: AReversal | None = None
    used_before: frozenset[int] = frozenset()
    """Tickets that somebody had gone in with when it was asked for."""

    @property
    def is_undecided(self) -> bool:
        return self.status in UNDECIDED

    @property
    def is_open(self) -> bool:
        """Nobody knows yet whether its money arrives."""
        return self.reversal is not None and self.reversal.status == "open"

    @property
    def is_of_case(self) -> bool:
        return self.reason == "duplicate_payment"


@dataclass(eq=False)
class AnOrder:
    tickets: list[ATicket]
    refunds: list[ARefund] = field(default_factory=list)

    @property
    def own(self) -> list[ARefund]:
        """Without those of second payments, which are not counted against the order."""
        return [refund for refund in self.refunds if not refund.is_of_case]

    @property
    def total(self) -> int:
        return sum(ticket.price for ticket in self.tickets)

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.own if refund.status in BACK)

    @property
    def reserved(self) -> int:
        return sum(refund.amount for refund in self.own if refund.status in RESERVED)

    @property
    def left(self) -> int:
        return self.total - self.refunded - self.reserved

    @property
    def free(self) -> frozenset[int]:
        """Tickets in no refund that is waiting, on its way, or done."""
        taken = [refund.tickets for refund in self.own if refund.status not in OVER]
        return frozenset(range(len(self.tickets))).difference(*taken)

    @property
    def used(self) -> frozenset[int]:
        """Tickets that somebody went in with."""
        return frozenset(n for n, each in enumerate(self.tickets) if each.status == "used")

    @property
    def barred(self) -> frozenset[int]:
        """Tickets that let nobody in."""
        approved = [each.tickets for each in self.own if each.status in RESERVED | BACK]
        return frozenset().union(*approved)

    @property
    def status(self) -> str:
        if not any(refund.status in BACK for refund in self.own):
            return "paid"
        is_all = all(ticket.status == "refunded" for ticket in self.tickets)
        return "refunded" if is_all and self.refunded == self.total else "partial_refunded"

    def whole(self, percentage: int, left: int | None = None) -> int:
        """What is missing to that part of the total."""
        left = self.left if left is None else left
        return max(min(share(self.total, percentage) - (self.total - left), left), 0)

    def is_nothing(self, amount: int, *, any_free: bool) -> bool:
        return not amount and not (self.left == 0 and any_free)

    def waits_beside(self, refund: ARefund) -> bool:
        """Whether another request of the order is undecided."""
        return any(each.is_undecided for each in self.own if each is not refund)

    def reject_undecided(self) -> None:
        """One for the whole order takes their place."""
        for refund in self.own:
            if refund.is_undecided:
                refund.status = "rejected"

    def open_reversals(self, refund: ARefund) -> list[AReversal]:
        """Of the payment that gives this refund's money back."""
        same = [refund] if refund.is_of_case else self.own
        return [each.reversal for each in same if each.is_open]


@dataclass
class World:
    """The event, its orders, and every step that is allowed or refused."""

    orders: list[AnOrder]
    is_automatic: bool
    event: str = "published"

    def refusal_of_request(self, order: AnOrder, reason: str, wanted: frozenset[int]) -> str | None:
        if self.event == "cancelled":
            return "refund-not-offered"
        if reason == "postponed" and self.event != "postponed":
            return "refund-not-offered"
        if order.status == "refunded":
            return "nothing-to-refund"
        if reason == "personal":
            good = {n for n in order.free if order.tickets[n].status == "active"}
            return None if wanted <= good else "ticket-not-refundable"
        if any(each.is_undecided and each.reason != "personal" for each in order.own):
            return "ticket-not-refundable"
        waiting = any(each.is_undecided and each.tickets for each in order.own)
        is_nothing = order.is_nothing(order.whole(90), any_free=bool(order.free or waiting))
        return "nothing-to-refund" if is_nothing else None

    def request(self, order: AnOrder, reason: str, wanted: frozenset[int]) -> ARefund:
        if reason == "postponed":
            order.reject_undecided()
            refund = ARefund(reason, order.free, order.total, 90, order.whole(90), "pending_admin")
        else:
            base = sum(order.tickets[n].price for n in wanted)
            status = "approved" if self.is_automatic else "pending_organizer"
            refund = ARefund(reason, wanted, base, 80, min(share(base, 80), order.left), status)
        refund.used_before = order.used
        order.refunds.append(refund)
        return refund

    def refusal_of_approval(self, order: AnOrder, refund: ARefund) -> str | None:
        if not refund.is_undecided:
            return "refund-already-decided"
        if refund.reason == "postponed" and order.waits_beside(refund):
            return "ticket-not-refundable"
        is_whole = refund.amount == order.whole(refund.percentage) and not order.free
        if refund.reason == "postponed" and not is_whole:
            return "refund-amount-changed"
        if refund.tickets & order.used - refund.used_before:
            return "ticket-not-refundable"
        return "refund-too-large" if refund.amount > order.left else None

    def refusal_of_override(self, order: AnOrder, refund: ARefund, percentage: int) -> str | None:
        is_open = refund.is_undecided or refund.status == "approved"
        if refund.status == "rejected" and refund.reason == "personal" and percentage:
            return self.refusal_of_request(order, "personal", refund.tickets)
        if not is_open or refund.is_of_case:
            return "refund-override-not-allowed"
        is_used = refund.reason == "postponed" and order.free & order.used - refund.used_before
        is_second = refund.reason != "personal" and order.waits_beside(refund)
        return "ticket-not-refundable" if percentage and (is_used or is_second) else None

    def override(self, order: AnOrder, refund: ARefund, percentage: int) -> None:
        left = order.left + (refund.amount if refund.status == "approved" else 0)
        if refund.reason == "personal":
            refund.amount = min(share(refund.base, percentage), left)
        else:
            refund.amount = order.whole(percentage, left)
            refund.tickets |= order.free if percentage else frozenset()
        refund.percentage = percentage
        if percentage == 0:
            refund.status = "rejected"
        elif refund.status == "rejected":
            refund.status = "pending_admin"

    def refusal_of_settling(self, order: AnOrder, refund: ARefund, way: str) -> str | None:
        reversal = refund.reversal
        if refund.status != "payment_failed":
            return "refund-not-failed"
        if way not in PAID and reversal and reversal.status == "succeeded":
            return "refund-not-failed"
        others = [each for each in order.open_reversals(refund) if each is not reversal]
        return "refund-not-failed" if way == "retry" and others else None

    def settle(self, order: AnOrder, refund: ARefund, way: str) -> None:
        if refund.is_open:
            refund.reversal.status = "succeeded" if way == "paid there" else "rejected"
        if way in PAID:
            self.finish(order, refund)
        elif way == "failed":
            refund.status = "failed"
        else:
            self._send(refund)

    def pay_back(self, order: AnOrder, refund: ARefund) -> None:
        if refund.status != "approved":
            return
        if not refund.amount:
            self.finish(order, refund)
        elif not order.open_reversals(refund):
            self._send(refund)

    def record(self, order: AnOrder, refund: ARefund, *, is_unclear: bool = False) -> None:
        """The refund learns what became of its reversal."""
        assert refund.reversal is not None
        ended = refund.reversal.status
        if ended == "succeeded" and refund.status in {"processing", "payment_failed"}:
            self.finish(order, refund)
        elif refund.status == "processing" and (is_unclear or ended == "rejected"):
            refund.status = "payment_failed"

    def finish(self, order: AnOrder, refund: ARefund) -> None:
        refund.status = "completed" if refund.amount == refund.base else "partial"
        for ticket in (order.tickets[n] for n in refund.tickets):
            ticket.status, ticket.is_seat_back = "refunded", self.event != "cancelled"

    def refund_whole(self, order: AnOrder) -> ARefund | None:
        order.reject_undecided()
        amount = order.whole(100)
        if order.is_nothing(amount, any_free=bool(order.free)):
            return None
        order.refunds.append(ARefund("cancelled", order.free, order.total, 100, amount, "approved"))
        return order.refunds[-1]

    def refund_second_payment(self, order: AnOrder) -> ARefund:
        amount = order.total
        order.refunds.append(
            ARefund("duplicate_payment", frozenset(), amount, 100, amount, "approved")
        )
        return order.refunds[-1]

    def refusal_at_the_door(self, order: AnOrder, number: int) -> str | None:
        if order.tickets[number].status == "used":
            return "already-checked-in"
        if number in order.barred or self.event != "published":
            return "ticket-not-valid"
        return None

    def _send(self, refund: ARefund) -> None:
        refund.status, refund.reversal = "processing", AReversal(refund.amount)
