"""Campaigns: tried out, started, watched, stopped and reported. For platform admins only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from refunds import services
from refunds.admin import campaign_decisions as decisions
from refunds.admin import campaign_figures as figures
from refunds.admin.decisions import Decisions
from refunds.admin.parts import History
from refunds.admin.selection import Selection
from refunds.models import CampaignOrderStatus, CampaignStatus, RefundCampaign
from refunds.operations import campaign_queues
from refunds.operations.campaign_report import COLUMNS
from ticketing.back_office import PlatformOnly, Switch, reader
from ticketing.errors import DomainError
from ticketing.exports import stream_csv
from ticketing.roles import is_admin


class StandingStill(Switch):
    title = gettext_lazy("standing still")
    parameter_name = "still"
    label = gettext_lazy("Orders wait until it is started or resumed")

    @staticmethod
    def chosen(rows: QuerySet[RefundCampaign], user: User) -> QuerySet[RefundCampaign]:
        return rows.filter(pk__in=campaign_queues.standing_still())


class WithUndecided(Switch):
    title = gettext_lazy("orders to look at")
    parameter_name = "undecided"
    label = gettext_lazy("Nobody has decided about listed orders")

    @staticmethod
    def chosen(rows: QuerySet[RefundCampaign], user: User) -> QuerySet[RefundCampaign]:
        return rows.filter(pk__in=campaign_queues.with_undecided())


@admin.register(RefundCampaign)
class RefundCampaignAdmin(Decisions, PlatformOnly):
    id_argument = "campaign_id"
    change_form_template = "refunds/campaign.html"
    list_display = ["created_at", "event", "reason", "scope", "status", "how_far"]
    list_filter = ["status", StandingStill, WithUndecided, "reason"]
    list_select_related = ["event", "showing"]
    search_fields = ["event__title"]
    ordering = ["-pk"]
    fields = [
        "event", "reason", "scope", "status", "progress", "final_report",
        "created_at", "started_at", "started_by", "completed_at",
    ]  # fmt: skip
    readonly_fields = ["scope", "progress", "final_report"]
    inlines = [History]
    actions_list = ["prepare"]
    actions_detail = ["start", "pause", "resume", "retry_listed", "download_report"]

    start = decisions.START.page()
    pause = decisions.PAUSE.page()
    resume = decisions.RESUME.page()
    retry_listed = decisions.RETRY_LISTED.page()

    def get_queryset(self, request: HttpRequest) -> QuerySet[RefundCampaign]:
        """With how many orders are in which state, read in the same statement."""
        counts = {
            f"{status}_orders": Count("orders", filter=Q(orders__status=status))
            for status in CampaignOrderStatus.values
        }
        rows: QuerySet[RefundCampaign] = super().get_queryset(request)
        return rows.annotate(**counts)

    @admin.display(description=gettext_lazy("orders"))
    def scope(self, campaign: RefundCampaign) -> str:
        if campaign.is_selection:
            return _("chosen orders")
        return str(campaign.showing) if campaign.showing else _("all of the event")

    @admin.display(description=gettext_lazy("progress"))
    def how_far(self, campaign: RefundCampaign) -> str | None:
        if campaign.status == CampaignStatus.DRAFT:
            return None
        read: Any = campaign
        counts = {each: getattr(read, f"{each}_orders") for each in CampaignOrderStatus.values}
        return figures.line(counts)

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, campaign: RefundCampaign) -> str:
        """How far it is; of a draft, what it would do."""
        is_draft = campaign.status == CampaignStatus.DRAFT
        return figures.dry_run(campaign) if is_draft else figures.progress(campaign)

    @admin.display(description=gettext_lazy("report of its completion"))
    def final_report(self, campaign: RefundCampaign) -> str:
        return figures.final(campaign) if campaign.totals else ""

    @action(description=gettext_lazy("Report as CSV"), url_path="report", permissions=["view"])
    def download_report(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """Every order of the campaign, written row by row."""
        campaign = self.visible(request, object_id)
        rows = services.campaign_rows(campaign_id=campaign.pk)
        return stream_csv(f"campaign-{campaign.pk}.csv", list(COLUMNS), rows)

    @action(
        description=gettext_lazy("Refund chosen orders"),
        url_path="prepare",
        permissions=["prepare"],
    )
    def prepare(self, request: HttpRequest) -> HttpResponse:
        """Ask which orders of an event, and make a draft of them."""
        form = Selection(request.POST if request.method == "POST" else None)
        made = self._prepared(request, form) if form.is_valid() else None
        if made is not None:
            messages.success(request, _told(made))
            return redirect("admin:refunds_refundcampaign_change", made.pk)
        return self.show(
            request,
            "ticketing/ask_first.html",
            title=_("Refund chosen orders"),
            consequence=_("A draft of the orders you name. Nothing goes back before you start it."),
            form=form,
            button=_("Make the draft"),
            back=reverse("admin:refunds_refundcampaign_changelist"),
        )

    def _prepared(self, request: HttpRequest, form: Selection) -> RefundCampaign | None:
        try:
            return services.prepare_campaign(**form.wish, by=reader(request))
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return None

    def has_prepare_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return is_admin(request.user)


def _told(made: RefundCampaign) -> str:
    if made.status == CampaignStatus.DRAFT:
        return _("The draft is made. Nothing goes back before its start.")
    return _("There was a campaign of these orders already. It is this one.")
