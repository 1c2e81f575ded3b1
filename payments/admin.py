"""Payments to look at, and the cases that a person has to decide."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import action

from jobs.back_office import OnlyShown, ReadOnly, among
from jobs.subjects import names
from payments import services
from payments.case_page import Age, CasePage
from payments.models import (
    Payment,
    PaymentCase,
    ProviderMessage,
    Reconciliation,
    ReconciliationEntry,
    Reversal,
)
from payments.providers import PROVIDERS
from ticketing.asking import Question, text
from ticketing.back_office import OwnEvents, PlatformOnly, Switch, reader
from ticketing.back_office_amounts import ShownAmounts
from ticketing.list_exports import Exports
from ticketing.roles import REPORT_CASE, is_admin
from ticketing.templatetags.pages import count

names("payment_id", Payment)
names("reversal_id", Reversal)
names("case_id", PaymentCase)

OfProvider = among(
    gettext_lazy("provider"), "provider", lambda: [(name, name) for name in PROVIDERS]
)


class ReversalsOfPayment(OnlyShown, ShownAmounts, TabularInline):
    """What of a payment went back, or is to."""

    model = Reversal
    extra = 0
    show_change_link = True
    ordering = ["pk"]
    fields = readonly_fields = (
        "amount",
        "is_full",
        "status",
        "provider_transaction_no",
        "created_at",
        "finished_at",
    )


class NoteForm(forms.Form):
    note = text(
        gettext_lazy("note"),
        gettext_lazy("What the customer says, and what you have seen; kept for ever."),
    )


@admin.register(Payment)
class PaymentAdmin(Exports, ReadOnly):
    organizer_field = "order__event__organizer"
    list_display = ["txn_ref", "order", "provider", "amount", "status", "created_at", "paid_at"]
    list_filter = ["status", OfProvider]
    list_select_related = ["order"]
    search_fields = ["txn_ref__exact", "provider_transaction_no__exact", "order__code__exact"]
    search_help_text = gettext_lazy("A whole reference, transaction number or order code")
    sortable_by = ()
    export_columns = {
        "txn_ref": gettext_lazy("reference"),
        "order__code": gettext_lazy("order"),
        "order__event__title": gettext_lazy("event"),
        "provider": gettext_lazy("provider"),
        "provider_transaction_no": gettext_lazy("transaction number"),
        "status": gettext_lazy("status"),
        "amount": gettext_lazy("amount"),
        "reversed_amount": gettext_lazy("gone back"),
        "currency": gettext_lazy("currency"),
        "created_at": gettext_lazy("created"),
        "paid_at": gettext_lazy("paid"),
    }
    exclude = ["payment_url", "provider_request", "idempotency_key", "request_digest"]
    inlines = [ReversalsOfPayment]
    actions_detail = ["report_case"]

    @action(
        description=gettext_lazy("Open a case"), url_path="report_case", permissions=["report_case"]
    )
    def report_case(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask what is wrong, then open a case for an admin to decide."""
        payment = self.visible(request, object_id)
        question = Question(
            gettext_lazy("Open a case"),
            gettext_lazy("A platform admin will decide about it. No money moves."),
            partial(services.report_case, payment_id=payment.pk, by=reader(request)),
            form=NoteForm,
            done=gettext_lazy("The case is open."),
        )
        return question.ask(self, request, payment)

    def has_report_case_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm(REPORT_CASE))


@admin.register(Reversal)
class ReversalAdmin(OwnEvents, ReadOnly):
    organizer_field = "payment__order__event__organizer"
    list_display = ["created_at", "payment", "amount", "status", "unclear_at", "finished_at"]
    list_filter = ["status", OfProvider]
    list_select_related = ["payment"]
    search_fields = [
        "request_id__exact",
        "provider_transaction_no__exact",
        "payment__txn_ref__exact",
        "payment__order__code__exact",
    ]
    search_help_text = gettext_lazy("A whole reference, transaction number or order code")

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Raw messages are for platform admins."""
        return [] if is_admin(request.user) else ["request", "provider_answer"]


@admin.register(ProviderMessage)
class ProviderMessageAdmin(PlatformOnly):
    list_display = ["at", "provider", "channel", "txn_ref", "remote_address", "is_believed"]
    list_filter = ["channel", OfProvider, "is_believed"]
    search_fields = ["txn_ref__exact"]
    search_help_text = gettext_lazy("A whole reference")
    sortable_by = ()


class DecisionForm(forms.Form):
    decision = text(
        gettext_lazy("decision"),
        gettext_lazy("What was found and what was decided; kept for ever."),
    )


class Owing(Switch):
    title = gettext_lazy("money owed")
    parameter_name = "owed"
    label = gettext_lazy("Money has to go back")

    @staticmethod
    def chosen(rows: QuerySet[PaymentCase], user: User) -> QuerySet[PaymentCase]:
        return rows.filter(amount_owed__gt=0)


@admin.register(PaymentCase)
class PaymentCaseAdmin(Exports, CasePage):
    list_display = ["opened_at", "state", "kind", "its_order", "money", "owed", "to_do"]
    list_filter = ["status", "kind", Owing, Age]
    list_select_related = ["order"]
    search_fields = ["txn_ref__exact", "payment__txn_ref__exact", "order__code__exact"]
    ordering = ["status", "-opened_at", "-pk"]
    search_help_text = gettext_lazy("A whole reference or order code")
    actions_detail = ["resolve"]
    export_columns = {
        "opened_at": gettext_lazy("opened"),
        "kind": gettext_lazy("kind"),
        "status": gettext_lazy("status"),
        "order__code": gettext_lazy("order"),
        "order__event__title": gettext_lazy("event"),
        "txn_ref": gettext_lazy("reference"),
        "amount": gettext_lazy("amount"),
        "amount_owed": gettext_lazy("owed"),
        "description": gettext_lazy("what happened"),
        "decision": gettext_lazy("decision"),
        "decided_at": gettext_lazy("decided"),
    }

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, with what is owed in all above it."""
        mine: Any = self.get_queryset(request)
        owed = mine.owing().aggregate(sum=Sum("amount_owed"))["sum"] or 0
        if owed:
            told = _("{owed} VND have to go back to customers.").format(owed=count(owed))
            messages.warning(request, told)
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    @action(
        description=gettext_lazy("Resolve with a decision"),
        url_path="resolve",
        permissions=["resolve"],
    )
    def resolve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the decision, then close the case with it."""
        case = self.visible(request, object_id)
        question = Question(
            _("Resolve with this decision"),
            case.description,
            partial(services.resolve_case, case_id=case.pk, by=reader(request)),
            form=DecisionForm,
            done=_("The case is resolved."),
            template="payments/resolve_case.html",
            context={"case": case, "owed": self.owed(case)},
        )
        return question.ask(self, request, case)

    def has_resolve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Only platform admins decide about money."""
        return is_admin(request.user)


@admin.register(Reconciliation)
class ReconciliationAdmin(PlatformOnly):
    list_display = [
        "started_at",
        "ended",
        "asked",
        "agreed",
        "repaired",
        "cases",
        "unanswered",
        "failed",
        "entries",
    ]
    ordering = ["-started_at"]
    readonly_fields = ["entries"]

    @admin.display(description=gettext_lazy("what did not agree"))
    def entries(self, run: Reconciliation) -> str:
        """A link to the run's rows: they may be too many for its page."""
        rows = reverse("admin:payments_reconciliationentry_changelist")
        return format_html(
            '<a href="{}?run__id__exact={}">{}</a>', rows, run.pk, _("show the payments")
        )


@admin.register(ReconciliationEntry)
class ReconciliationEntryAdmin(PlatformOnly):
    list_display = ["at", "run", "payment", "had", "said", "done", "has", "case"]
    list_filter = ["done"]
    list_select_related = ["run", "payment", "case"]
    search_fields = ["payment__txn_ref__exact", "payment__order__code__exact"]
    ordering = ["-pk"]
