"""What platform admins can decide about a campaign, each with a reason."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm import can_proceed

from refunds import services
from refunds.admin.campaign_figures import preview_of, tagged
from refunds.admin.selection import Retry
from refunds.models import RefundCampaign
from refunds.operations import campaigns
from ticketing.asking import Decision


def _may_resume(campaign: RefundCampaign) -> bool:
    return can_proceed(campaign.resume) and _has_ground(campaign)


def _may_retry(campaign: RefundCampaign) -> bool:
    """One that is over has to begin anew, which takes its ground."""
    is_over = campaign.status == RefundCampaign.Status.COMPLETED
    return campaigns.listed(campaign).exists() and (not is_over or _has_ground(campaign))


def _has_ground(campaign: RefundCampaign) -> bool:
    return campaigns.has_ground(campaign.event, campaign.reason)


def _what_starts(campaign: RefundCampaign) -> str:
    totals = preview_of(campaign).totals
    return _(
        "{amount} go back to the customers of {count} orders. Their tickets let nobody in."
    ).format(amount=tagged(totals["left"]), count=totals["orders"])


def _what_pauses(campaign: RefundCampaign) -> str:
    return _("No further order is taken up. Refunds that are approved go their way.")


def _what_resumes(campaign: RefundCampaign) -> str:
    told = _("It goes on where it was paused; {count} orders wait.")
    return told.format(count=campaigns.left_behind(campaign))


def _what_is_retried(campaign: RefundCampaign) -> str:
    taken = campaigns.left_to_retry(campaign).count()
    left_out = campaigns.listed(campaign).count() - taken
    told = _(
        "{count} listed orders are taken up once more: what is missing to each is approved anew."
    ).format(count=taken)
    if not left_out:
        return told
    kept = _(
        "{count} stay as an admin's override has them, unless you name them: their notes say why."
    ).format(count=left_out)
    return f"{told} {kept}"


START = Decision(
    "start",
    gettext_lazy("Start"),
    _what_starts,
    services.start_campaign,
    is_possible=services.may_start,
)
PAUSE = Decision(
    "pause",
    gettext_lazy("Pause"),
    _what_pauses,
    services.pause_campaign,
    is_possible=lambda campaign: can_proceed(campaign.pause),
)
RESUME = Decision(
    "resume",
    gettext_lazy("Resume"),
    _what_resumes,
    services.resume_campaign,
    is_possible=_may_resume,
)
RETRY_LISTED = Decision(
    "retry-listed",
    gettext_lazy("Retry the listed orders"),
    _what_is_retried,
    services.retry_campaign,
    is_possible=_may_retry,
    make_form=Retry,
)
