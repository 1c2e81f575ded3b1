"""Refunds to look at, to decide, and to settle where the provider did not give the money back."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm_log.models import StateLog

from jobs.back_office import ReadOnly
from jobs.subjects import names
from refunds.admin import desk_decisions as decisions
from refunds.admin.approve_selected import approve_selected
from refunds.admin.decisions import Decisions
from refunds.admin.parts import History, OverridesOfRefund, TicketsOfRefund
from refunds.explanations import sentences
from refunds.models import UNDECIDED, Refund, RefundStatus
from ticketing.back_office import Switch
from ticketing.list_exports import Exports
from ticketing.roles import DECIDE_REFUND, is_admin, members_deciding
from ticketing.step_words import name_of

names("refund_id", Refund)

FOR_ADMINS = [
    RefundStatus.PENDING_ORGANIZER,
    RefundStatus.PENDING_ADMIN,
    RefundStatus.PAYMENT_FAILED,
]


class WaitingForMe(Switch):
    title = gettext_lazy("waiting for me")
    parameter_name = "waiting"
    label = gettext_lazy("I can decide it")

    @staticmethod
    def chosen(rows: QuerySet[Refund], user: User) -> QuerySet[Refund]:
        """What the reader may do something about; nobody decides about an own request."""
        theirs = Refund.objects.up_to_organizers()
        if is_admin(user):
            theirs = Refund.objects.filter(status__in=FOR_ADMINS)
        return rows.filter(pk__in=theirs).exclude(status__in=UNDECIDED, requested_by=user.pk)


class UpToThePlatform(Switch):
    title = gettext_lazy("up to the platform")
    parameter_name = "platform"
    label = gettext_lazy("Only the platform decides it")

    @staticmethod
    def chosen(rows: QuerySet[Refund], user: User) -> QuerySet[Refund]:
        """What no organizer may decide, or has nobody for."""
        deciders = members_deciding(OuterRef("order__event__organizer"), OuterRef("requested_by"))
        theirs = Refund.objects.up_to_organizers().filter(Exists(deciders))
        return rows.filter(status__in=UNDECIDED).exclude(pk__in=theirs)


@admin.register(Refund)
class RefundAdmin(Exports, ReadOnly, Decisions):
    organizer_field = "order__event__organizer"
    id_argument = "refund_id"
    list_display = [
        "requested_at", "order", "event", "reason", "status", "percentage", "money", "decision",
    ]  # fmt: skip
    list_filter = [WaitingForMe, UpToThePlatform, "status", "reason"]
    list_select_related = ["order__event__organizer"]
    search_fields = [
        "order__code__exact", "order__email__iexact", "order__customer__email__exact",
    ]  # fmt: skip
    search_help_text = gettext_lazy("A whole order code or email address")
    export_columns = {
        "requested_at": gettext_lazy("requested"),
        "order__code": gettext_lazy("order"),
        "order__email": gettext_lazy("email"),
        "order__event__title": gettext_lazy("event"),
        "reason": gettext_lazy("reason"),
        "status": gettext_lazy("status"),
        "percentage_applied": gettext_lazy("percentage"),
        "base_amount": gettext_lazy("base"),
        "amount": gettext_lazy("amount"),
        "currency": gettext_lazy("currency"),
        "decision_at": gettext_lazy("decided"),
        "processed_at": gettext_lazy("over"),
    }
    actions = [approve_selected]
    inlines = [TicketsOfRefund, OverridesOfRefund, History]
    readonly_fields = [
        "event", "email", "percentage", "base", "money", "steps", "decision", "asked_by",
        "provider_report", "provider_word",
    ]  # fmt: skip
    actions_detail = ["approve", "reject", "override", "retry", "mark_paid", "mark_failed"]

    approve = decisions.APPROVE.page()
    reject = decisions.REJECT.page()
    override = decisions.OVERRIDE.page()
    retry = decisions.RETRY.page()
    mark_paid = decisions.MARK_PAID.page()
    mark_failed = decisions.MARK_FAILED.page()

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """Most refunds were never overridden: no empty table says so."""
        is_overridden = obj is not None and obj.overrides.exists()
        return [each for each in self.inlines if each is not OverridesOfRefund or is_overridden]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Support looks on; which refunds a member decides is up to the policy."""
        return bool(request.user.has_perm(DECIDE_REFUND))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        """With whoever decided last: a rejection names its decider in the log only."""
        log = StateLog.objects.filter(
            content_type=ContentType.objects.get_for_model(Refund),
            object_id=OuterRef("pk"),
            transition__in=["approve", "reject"],
        )
        decided_by = Subquery(log.order_by("-pk").values("by__username")[:1])
        rows: QuerySet[Refund] = super().get_queryset(request)
        return rows.annotate(decided_by=decided_by)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What the provider said, word by word, is for platform admins."""
        provider = "provider_report" if is_admin(request.user) else "provider_word"
        asked = ["status", "decision", "order", "event", "email", "reason"]
        decided = ["requested_at", "asked_by", "decision_at", "rejection_reason"]
        money = ["payment", "reversal", "case", provider, "payout_evidence", "processed_at"]
        amount = ["percentage", "base", "money", "steps"]
        shown: list[Any] = [
            (None, {"fields": asked}),
            (_("Amount"), {"fields": amount}),
            (_("Decision"), {"fields": decided}),
        ]
        is_open = obj is not None and obj.status in UNDECIDED
        return shown if is_open else [*shown, (_("Money"), {"fields": money})]

    @admin.display(description=gettext_lazy("event"), ordering="order__event__title")
    def event(self, refund: Refund) -> str:
        return str(refund.order.event)

    @admin.display(description=gettext_lazy("customer"))
    def email(self, refund: Refund) -> str:
        return refund.order.email

    @admin.display(description=gettext_lazy("requested by"))
    def asked_by(self, refund: Refund) -> str:
        return name_of(refund.requested_by)

    @admin.display(description=gettext_lazy("percentage"), ordering="percentage_applied")
    def percentage(self, refund: Refund) -> str:
        return f"{refund.percentage_applied} %"

    @admin.display(description=gettext_lazy("base"))
    def base(self, refund: Refund) -> str:
        base = refund.order.price_tag(refund.base_amount)
        return f"{base} ({refund.get_calculation_basis_display()})"

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def money(self, refund: Refund) -> str:
        return refund.order.price_tag(refund.amount)

    @admin.display(description=gettext_lazy("decision"))
    def decision(self, refund: Refund) -> str:
        """Whom it waits for, or who has decided."""
        if refund.is_up_to_organizer:
            return _("up to {organizer}").format(organizer=refund.order.event.organizer)
        if refund.status in FOR_ADMINS:
            return _("up to the platform")
        decided_by = getattr(refund, "decided_by", None)
        return _("by {person}").format(person=decided_by) if decided_by else _("by the rules")

    @admin.display(description=gettext_lazy("how the amount came about"))
    def steps(self, refund: Refund) -> str:
        return render_to_string("refunds/steps.html", {"steps": sentences(refund.explanation)})

    @admin.display(description=gettext_lazy("the provider's word"))
    def provider_report(self, refund: Refund) -> str:
        """All that a person needs to look it up at the provider, and how far the reversal is."""
        error = refund.provider_error
        answer = json.dumps(error.get("answer"), indent=2, ensure_ascii=False)
        context = {"error": error, "answer": answer, "reversal": refund.reversal}
        return render_to_string("refunds/provider_report.html", context)

    @admin.display(description=gettext_lazy("the provider's word"))
    def provider_word(self, refund: Refund) -> str:
        if refund.status != RefundStatus.PAYMENT_FAILED:
            return ""
        return _("The provider did not give the money back. The platform takes care of it.")
