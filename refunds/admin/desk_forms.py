"""What staff is asked before a refund is decided. The fields are the use cases' arguments."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from refunds.admin.decisions import text
from refunds.models import Refund, RefundStatus
from refunds.operations.claims import facts_of
from refunds.policy import PERCENTAGES, Reason, assess
from refunds.services.override import OPEN_TO_OVERRIDE


class Approval(forms.Form):
    """Nothing is asked but the click."""


class Rejection(forms.Form):
    reason = text(
        gettext_lazy("reason"), gettext_lazy("Told to the customer by mail, and kept for ever.")
    )


class Retry(forms.Form):
    note = text(
        gettext_lazy("note"),
        gettext_lazy("How you made sure that the provider did nothing; kept for ever."),
    )


class PaidByHand(forms.Form):
    evidence = text(
        gettext_lazy("evidence"),
        gettext_lazy("Where one can see that the money is back: a transfer's number, for example."),
    )


class Failure(forms.Form):
    reason = text(gettext_lazy("reason"), gettext_lazy("Why no money goes back; kept for ever."))


class Override(forms.Form):
    percentage = forms.TypedChoiceField(
        label=gettext_lazy("percentage"), coerce=int, widget=UnfoldAdminSelectWidget()
    )
    note = text(
        gettext_lazy("note"),
        gettext_lazy("Why; kept for ever. Told to the customer if the refund is rejected by it."),
    )

    def __init__(self, data: QueryDict | None, refund: Refund) -> None:
        super().__init__(data, initial={"percentage": refund.percentage_applied})
        field = self.fields["percentage"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(each, _choice(refund, each)) for each in PERCENTAGES]


def may_be_overridden(refund: Refund) -> bool:
    """Whether an override is not too late, and the policy has a say in the amount."""
    return refund.status in OPEN_TO_OVERRIDE and not refund.is_of_payment


def _choice(refund: Refund, percentage: int) -> str:
    share = f"{percentage} %"
    if not may_be_overridden(refund):
        return share
    return f"{share}: {refund.order.price_tag(_amount(refund, percentage))}"


def _amount(refund: Refund, percentage: int) -> Decimal:
    """What the use case will make of it, as things stand now."""
    is_reserved = refund.status == RefundStatus.APPROVED
    facts = facts_of(
        refund.order,
        Reason(refund.reason),
        [each.ticket for each in refund.tickets.live().select_related("ticket")],
        refund.requested_at,
        own_reserved=refund.amount if is_reserved else Decimal(0),
        override=percentage,
    )
    return assess(facts).amount
