"""What a customer chooses to give back, and the word that it shall be so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import Order, Ticket, TicketStatus
from refunds.operations.claims import free_tickets
from refunds.policy import Reason

OFFERED = (Reason.PERSONAL, Reason.POSTPONED)


class RefundForm(forms.Form):
    """Tickets go by their id here: addresses are written down, and a code lets people in."""

    reason = forms.TypedChoiceField(
        choices=[(reason.value, reason.value) for reason in OFFERED], coerce=Reason
    )
    tickets = forms.ModelMultipleChoiceField(Ticket.objects.none(), required=False)

    def __init__(self, order: Order, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tickets = cast("forms.ModelMultipleChoiceField[Ticket]", self.fields["tickets"])
        # Also those that can't go back any more: why not is told by the service, and not by the
        # form.
        tickets.queryset = order.tickets.order_by("pk")

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        if asked.get("reason") is Reason.PERSONAL and not asked.get("tickets"):
            self.add_error("tickets", _("Choose at least one ticket."))
        return asked

    @property
    def wish(self) -> dict[str, Any]:
        """What the services are asked for. For other reasons it is the whole order."""
        reason, tickets = self.cleaned_data["reason"], self.cleaned_data["tickets"]
        codes = [ticket.code for ticket in tickets] if reason is Reason.PERSONAL else None
        return {"reason": reason, "ticket_codes": codes}


class ConfirmForm(RefundForm):
    """The same with the amount that was seen. The key makes one refund of a repeated request."""

    amount = forms.DecimalField(max_digits=14, decimal_places=2, min_value=0)
    key = forms.UUIDField()

    @property
    def digest(self) -> str:
        asked = [self.cleaned_data["reason"].value, str(self.cleaned_data["amount"])]
        tickets = sorted(str(ticket.pk) for ticket in self.cleaned_data["tickets"])
        return hashlib.sha256("/".join([*asked, *tickets]).encode()).hexdigest()


def returnable_tickets(order: Order) -> list[Ticket]:
    """Tickets that nobody used and no other refund takes back, with their areas."""
    free = free_tickets(order)
    return with_places([each for each in free if each.status == TicketStatus.ACTIVE])


def with_places(tickets: Iterable[Ticket]) -> list[Ticket]:
    """The same with what tells their places."""
    found = Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets])
    return list(found.with_places().order_by("seat_id"))
