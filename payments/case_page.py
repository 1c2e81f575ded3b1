"""What the back office shows of a payment case: what happened, what is owed, what to do next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from jobs.back_office import SEVERAL_LINES, ReadOnly, link
from payments.models import CaseStatus, PaymentCase
from payments.operations.advice import next_step
from ticketing.amounts import price_tag
from ticketing.back_office import OwnEvents

COLOURS = {CaseStatus.OPEN.value: "danger", CaseStatus.RESOLVED.value: "success"}


class Age(admin.SimpleListFilter):
    title = gettext_lazy("age")
    parameter_name = "older"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", _("older than a day")), ("7", _("older than a week"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PaymentCase]
    ) -> QuerySet[PaymentCase]:
        days = self.value()
        if days not in ("1", "7"):
            return queryset
        return queryset.filter(opened_at__lt=timezone.now() - timedelta(days=int(days)))


class CasePage(OwnEvents, ReadOnly):
    """The columns of the list and the parts of a case's page."""

    organizer_field = "order__event__organizer"
    fieldsets = [
        (gettext_lazy("What happened"), {"fields": ["kind", "description", "opened_at"]}),
        (gettext_lazy("What is owed"), {"fields": ["money", "owed"]}),
        (gettext_lazy("What to do next"), {"fields": ["status", "to_do"]}),
        (
            gettext_lazy("What it is about"),
            {"fields": ["order", "its_timeline", "payment", "provider", "txn_ref", "reversals"]},
        ),
        (gettext_lazy("Decision"), {"fields": ["decision", "who", "decided_at"]}),
    ]
    readonly_fields = ["money", "owed", "to_do", "its_timeline", "reversals", "who"]

    class Media:
        css: ClassVar = SEVERAL_LINES

    @display(description=gettext_lazy("status"), label=COLOURS)
    def state(self, case: PaymentCase) -> tuple[str, str]:
        return case.status, case.get_status_display()

    @admin.display(description=gettext_lazy("order"))
    def its_order(self, case: PaymentCase) -> str:
        return _link("orders_order_change", case.order_id, str(case.order)) if case.order else "–"

    @admin.display(description=gettext_lazy("timeline"))
    def its_timeline(self, case: PaymentCase) -> str:
        """What else happened to its order."""
        told = _("What happened to the order, and why")
        return _link("orders_order_timeline", case.order_id, told) if case.order_id else "–"

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def money(self, case: PaymentCase) -> str:
        return price_tag(case.amount)

    @admin.display(description=gettext_lazy("amount owed"), ordering="amount_owed")
    def owed(self, case: PaymentCase) -> str:
        return price_tag(case.amount_owed) if case.amount_owed else _("nothing")

    @admin.display(description=gettext_lazy("to do"))
    def to_do(self, case: PaymentCase) -> str:
        return next_step(case)

    @admin.display(description=gettext_lazy("decided by"))
    def who(self, case: PaymentCase) -> str:
        """By name alone: most of those who read this may not open accounts."""
        return case.decided_by.get_username() if case.decided_by else ""

    @admin.display(description=gettext_lazy("reversals"))
    def reversals(self, case: PaymentCase) -> str:
        """What of its payment went back, or is to."""
        rows = case.payment.reversals.order_by("pk") if case.payment else []
        told = ((each, f"{price_tag(each.amount)}, {each.get_status_display()}") for each in rows)
        links = ((_link("payments_reversal_change", each.pk, text),) for each, text in told)
        return format_html_join(mark_safe("<br>"), "{}", links) or "–"


def _link(name: str, pk: object, text: str) -> str:
    return link(reverse(f"admin:{name}", args=[pk]), text)
