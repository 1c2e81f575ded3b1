"""What must become of places, orders and payments, in plain Python: no database, no product.

Refunds are `money_model`'s. A method that may be refused answers with the code of the refusal, or
None. Time is counted in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.machine.things import ACampaign, AnArea, AnAttempt, APlace, ASale
from tests.refunds.money_model import AnOrder, ARefund, ATicket, World

MINUTES_TO_PAY, GRACE = 15, 60
MOST_PER_CUSTOMER = 6


@dataclass
class House(World):
    """One showing of one event, and everybody's orders."""

    areas: list[AnArea] = field(default_factory=list)
    clock: int = 0
    fraud: str = "none"
    is_frozen: bool = False
    is_cancellation_wanted: bool = False
    campaigns: dict[str, ACampaign] = field(default_factory=dict)

    @property
    def is_closed(self) -> bool:
        return self.event == "cancelled" or self.fraud == "confirmed"

    @property
    def is_selling(self) -> bool:
        return self.event == "published" and not self.is_closed

    @property
    def places(self) -> list[APlace]:
        return [place for area in self.areas for place in area.places]

    # Orders

    def place(self, customer: int, wanted: list[APlace], count: int) -> str | ASale:
        """An order of the first free ones of the wanted places, or why there is none."""
        if not self.is_selling:
            return "sales-closed"
        refusal = self._why_no_room(customer, wanted, count)
        if refusal:
            untried = self._untried()
            own = [sale for sale in untried if sale.customer == customer]
            sitting = [sale for sale in untried if set(sale.places) & set(wanted)]
            self._end([*own, *(sale for sale in sitting if sale not in own)], "expired")
            refusal = self._why_no_room(customer, wanted, count)
        return refusal or self._hold(customer, _free(wanted)[:count])

    def _why_no_room(self, customer: int, wanted: list[APlace], count: int) -> str | None:
        had = sum(len(sale.live_places) for sale in self.orders if sale.customer == customer)
        if had + count > MOST_PER_CUSTOMER:
            return "too-many-tickets"
        if len(_free(wanted)) < count:
            is_standing = wanted[0].area.is_standing
            return "not-enough-seats" if is_standing else "seats-unavailable"
        return None

    def _hold(self, customer: int, places: list[APlace]) -> ASale:
        tickets = [ATicket(place.area.price) for place in places]
        expires = self.clock + MINUTES_TO_PAY
        sale = ASale(tickets, customer=customer, places=places, expires=expires)
        self.orders.append(sale)
        _move(places, "held")
        if not sale.total:
            self.confirm(sale)
        return sale

    def give(self, sale: ASale, places: list[APlace]) -> None:
        """Of a standing field any free places will do: it has these instead of the first ones."""
        status = sale.places[0].status
        _move(sale.places, "available")
        assert _free(places) == places
        sale.places = places
        _move(places, status)

    def refusal_of_paying(self, sale: ASale) -> str | None:
        if sale.state == "expired" or (sale.attempts and sale.is_overdue(self.clock)):
            return "order-expired"
        if not sale.is_pending or sale.is_being_checked or not self.is_selling:
            return "order-not-payable"
        return "order-expired" if sale.is_overdue(self.clock) else None

    def cancel(self, sale: ASale) -> str | None:
        if sale.state == "cancelled":
            return None
        if not sale.is_pending or (sale.attempts and sale.is_overdue(self.clock)):
            return "order-not-cancellable"
        self._end([sale], "cancelled")
        return None

    def confirm(self, sale: ASale) -> None:
        sale.state = "paid"
        _move(sale.places, "sold")

    def expire_untried(self) -> None:
        self._end(self._untried(), "expired")

    def close(self) -> None:
        """What waits for payment ends with the event, unless its money may be here already.

        Or on its way, while the event is only postponed.
        """
        waiting = [sale for sale in self.orders if sale.is_pending]
        tried = [sale for sale in waiting if not sale.never_tried()]
        if self.is_closed:
            tried = [sale for sale in tried if sale.is_overdue(self.clock)]
        if not self.is_selling:
            self._end([sale for sale in waiting if sale not in tried], "cancelled")

    def _untried(self) -> list[ASale]:
        overdue = [sale for sale in self.orders if sale.is_overdue(self.clock)]
        return [sale for sale in overdue if sale.never_tried()]

    def _end(self, sales: list[ASale], state: str) -> None:
        for sale in sales:
            sale.state = state
            _move(sale.places, "available")

    # Payments

    def hear(self, sale: ASale, attempt: AnAttempt, word: str) -> str:
        """The provider's word on an attempt; the code that we answer a call with."""
        if attempt.is_other_amount and word != "unknown here":
            attempt.open_cases |= {"amount_mismatch"} if word in ("paid", "review") else set()
            return "04"
        is_old_suspicion = word == "review" and attempt.was_suspected
        if attempt.status == "captured" or word == attempt.status or is_old_suspicion:
            return "02"
        if word == "paid":
            self._capture(sale, attempt)
        elif word == "review":
            attempt.status, attempt.open_cases = "review", _but(attempt, "orphaned")
            attempt.open_cases |= {"suspected_fraud"}
            attempt.was_suspected = True
        elif word in ("failed", "unknown here"):
            attempt.was_refused = word == "failed"
            attempt.status = "failed"
            attempt.open_cases = _but(attempt, "orphaned", "suspected_fraud")
        return "00"

    def _capture(self, sale: ASale, attempt: AnAttempt) -> None:
        attempt.status = "captured"
        attempt.open_cases = _but(attempt, "orphaned", "suspected_fraud")
        if not sale.is_pending:
            self._owe(attempt, "duplicate" if sale.is_settled else "late")
        elif not sale.is_overdue(self.clock):
            self.confirm(sale)

    def _owe(self, attempt: AnAttempt, kind: str) -> None:
        attempt.is_owed = True
        attempt.open_cases |= {kind}

    def settle_order(self, sale: ASale, *, is_answering: bool) -> None:
        """The job at the end of an order's time, or a sweep."""
        if not sale.is_pending:
            for attempt in [] if sale.is_settled else sale.captured:
                if not attempt.is_owed:
                    self._owe(attempt, "late")
        elif sale.is_overdue(self.clock):
            for attempt in sale.unanswered if is_answering else []:
                self.hear(sale, attempt, attempt.at_bank or "unknown here")
            self._decide(sale)

    def _decide(self, sale: ASale) -> None:
        if sale.captured:
            self.confirm(sale)
            for second in sale.captured[1:]:
                self._owe(second, "duplicate")
        elif not sale.unanswered or self.clock >= sale.expires + GRACE:
            refused = any(attempt.was_refused for attempt in sale.attempts)
            is_failure = refused and not sale.unanswered
            self._end([sale], "failed" if is_failure else "expired")
            for attempt in sale.unanswered:
                attempt.open_cases |= {"orphaned"}

    # Refunds: what `money_model` leaves to those who know the event

    def refusal_of_asking(self, sale: ASale, reason: str, wanted: frozenset[int]) -> str | None:
        if self.is_closed or (reason == "postponed" and self.event != "postponed"):
            return "refund-not-offered"
        if not sale.is_settled:
            return "nothing-to-refund"
        return self.refusal_of_request(sale, reason, wanted)

    def refusal_at_the_door(self, order: AnOrder, number: int) -> str | None:
        refusal = super().refusal_at_the_door(order, number)
        return "ticket-not-valid" if not refusal and self.is_closed else refusal

    def finish(self, order: AnOrder, refund: ARefund) -> None:
        super().finish(order, refund)
        if refund in order.owed:
            order.owed[refund].open_cases -= {"late", "duplicate"}
        if self.event != "cancelled":
            _move([order.places[n] for n in refund.tickets], "available")

    def give_back(self, sale: ASale, attempt: AnAttempt) -> ARefund | None:
        """The refund of late or second money, once for each."""
        if attempt in sale.owed.values():
            return None
        refund = self.refund_second_payment(sale)
        sale.owed[refund] = attempt
        return refund

    # Campaigns

    def take_up(self, campaign: ACampaign) -> None:
        """A running campaign refunds whoever paid and was not taken up before."""
        if campaign.status != "running":
            return
        if self.has_ground(campaign):
            self._refund_all(campaign)
        else:
            campaign.status = "paused"

    def has_ground(self, campaign: ACampaign) -> bool:
        return campaign.reason == "cancelled" or self.fraud == "confirmed"

    def _refund_all(self, campaign: ACampaign) -> None:
        for sale in self.orders:
            if sale.is_settled and sale not in campaign.known:
                campaign.known.add(sale)
                self.refund_whole(sale)
        is_open = any(sale.is_pending or sale.goes_on() for sale in self.orders)
        campaign.status = "running" if is_open else "completed"


def _free(places: list[APlace]) -> list[APlace]:
    return [place for place in places if place.status == "available"]


def _move(places: list[APlace], status: str) -> None:
    for place in places:
        place.status = status


def _but(attempt: AnAttempt, *kinds: str) -> set[str]:
    return attempt.open_cases - set(kinds)
