"""What staff is asked before a refund is decided. The fields are the use cases' arguments."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from refunds.models import Refund, RefundStatus
from refunds.operations.claims import can_be_had_again, reassess
from refunds.policy import PERCENTAGES
from refunds.services.override import is_open
from ticketing.asking import seen_amount, text


class OfAmount(forms.Form):
    """Carries the amount that the page shows, so that nobody decides about another one."""

    shown_amount = seen_amount(required=False)

    def __init__(self, data: QueryDict | None, refund: Refund) -> None:
        super().__init__(data, initial={"shown_amount": refund.amount})


class Approval(OfAmount):
    """Nothing is asked but the click."""


class Rejection(OfAmount):
    reason = text(
        gettext_lazy("reason"), gettext_lazy("Told to the customer by mail, and kept for ever.")
    )


class OfTry(OfAmount):
    """Carries the try, too, that the page tells of: what was found out is about that one."""

    shown_try = forms.CharField(required=False, widget=forms.HiddenInput())

    def __init__(self, data: QueryDict | None, refund: Refund) -> None:
        super().__init__(data, refund)
        self.initial["shown_try"] = refund.latest_try


class Retry(OfTry):
    note = text(
        gettext_lazy("note"),
        gettext_lazy("How you made sure that the provider did nothing; kept for ever."),
    )


class PaidByHand(OfTry):
    evidence = text(
        gettext_lazy("evidence"),
        gettext_lazy("Where one can see that the money is back: a transfer's number, for example."),
    )
    by_provider = forms.BooleanField(
        label=gettext_lazy("the provider did it after all"),
        help_text=gettext_lazy(
            "Only if this very refund is done there. Otherwise a case tells of it should the "
            "provider give the money back as well."
        ),
        required=False,
        widget=UnfoldBooleanWidget(),
    )


class Failure(OfTry):
    reason = text(gettext_lazy("reason"), gettext_lazy("Why no money goes back; kept for ever."))


class Override(forms.Form):
    """A percentage, with the amount that the page shows for each in a hidden field of its own.

    Carries the status, too: from it follows what the page says that a percentage does.
    """

    shown_status = forms.CharField(required=False, widget=forms.HiddenInput())
    percentage = forms.TypedChoiceField(
        label=gettext_lazy("percentage"), coerce=int, widget=UnfoldAdminSelectWidget()
    )
    note = text(
        gettext_lazy("note"),
        gettext_lazy("Why; kept for ever. Told to the customer if the refund is rejected by it."),
    )

    def __init__(self, data: QueryDict | None, refund: Refund) -> None:
        shown = {"percentage": refund.percentage_applied, "shown_status": refund.status}
        super().__init__(data, initial=shown)
        field = self.fields["percentage"]
        assert isinstance(field, forms.TypedChoiceField)
        amounts = _amounts(refund)
        # Whatever was sent goes to the use case, which says what has come in between.
        offered = amounts if data is None else PERCENTAGES
        field.choices = [(each, _choice(refund, each, amounts)) for each in offered]
        for percentage, amount in amounts.items():
            self.fields[_shown(percentage)] = seen_amount(required=False, initial=amount)

    def clean(self) -> dict[str, Any]:
        """The arguments of the use case: of the amounts shown only that of the chosen one."""
        given = super().clean() or self.cleaned_data
        shown = {each: given.pop(_shown(each), None) for each in PERCENTAGES}
        return {**given, "shown_amount": shown.get(given.get("percentage", 0))}


def _shown(percentage: int) -> str:
    return f"shown_amount_{percentage}"


def may_be_overridden(refund: Refund) -> bool:
    """Whether an override is not too late, and the policy has a say in the amount."""
    if refund.status == RefundStatus.REJECTED:
        return is_open(refund) and can_be_had_again(refund)
    return is_open(refund) and not refund.is_of_payment


def _choice(refund: Refund, percentage: int, amounts: Mapping[int, Decimal]) -> str:
    share = f"{percentage} %"
    if percentage not in amounts:
        return share
    return f"{share}: {refund.order.price_tag(amounts[percentage])}"


def _amounts(refund: Refund) -> dict[int, Decimal]:
    """What each percentage would bring as things stand now; nothing once it is too late for any."""
    if not may_be_overridden(refund):
        return {}
    tickets = [each.ticket for each in refund.tickets.select_related("ticket")]
    # What is rejected is not rejected once more.
    offered = [each for each in PERCENTAGES if each or refund.status != RefundStatus.REJECTED]
    return {each: reassess(refund, tickets, each).amount for each in offered}
