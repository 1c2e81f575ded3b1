"""What refunds do later, and what they do about facts of the apps below."""

from __future__ import annotations

from contextlib import suppress

from jobs import schedules
from jobs.outbox import RunLater, handles
from refunds import mails, services
from refunds.errors import CampaignNotPossible
from refunds.models import Refund, RefundCampaign, RefundReason, RefundStatus

schedules.declare("refunds.process", cron="*/5 * * * *")


@handles("payments.case_opened")
def refund_case(*, case_id: int) -> None:
    """Give late and second payments back in full."""
    services.refund_case(case_id=case_id)


@handles("payments.reversal_ended")
def record_reversal(*, reversal_id: int) -> None:
    """Finish the refund whose money is back, or that the provider refused."""
    services.record_reversal(reversal_id=reversal_id)


@handles("payments.reversal_unclear")
def record_unclear_reversal(*, reversal_id: int) -> None:
    """Let a person decide where the provider does not say what it did."""
    services.record_unclear_reversal(reversal_id=reversal_id)


@handles("refunds.pay_back")
def pay_back(*, refund_id: int) -> None:
    """Send approved money back."""
    services.pay_back(refund_id=refund_id)


@handles("refunds.process")
def pay_back_approved() -> None:
    """Send back what is approved, in case its own job is gone."""
    services.pay_back_approved()


@handles("refunds.moved")
def mail_refund(*, refund_id: int, status: str) -> None:
    """Tell the people concerned what became of a refund."""
    rows = Refund.objects.select_related("order__event", "order__showing")
    refund = rows.get(pk=refund_id)
    mails.mail_customer(refund, RefundStatus(status))
    mails.mail_staff(refund, RefundStatus(status))


@handles("ticketing.event_cancelled")
def refund_cancelled_event(*, event_id: int, by_id: int) -> None:
    """Give everybody's money back; the admin who confirmed the cancellation has decided that."""
    campaign = services.prepare_campaign(event_id=event_id, reason=RefundReason.CANCELLED, by=None)
    # The job may run twice: a campaign that was paused, or is over meanwhile, can't be started.
    if campaign.status == RefundCampaign.Status.DRAFT:
        why = f"User {by_id} confirmed the cancellation of the event."
        services.start_campaign(campaign_id=campaign.pk, by=None, reason=why)


@handles("ticketing.fraud_confirmed")
def prepare_fraud_campaign(*, event_id: int, by_id: int) -> None:
    """Prepare the refund of everybody, for an admin to start; or to refund a selection instead."""
    with suppress(CampaignNotPossible):  # it was cleared meanwhile
        services.prepare_campaign(event_id=event_id, reason=RefundReason.FRAUD, by=None)


@handles("refunds.campaign_due")
def advance_campaign(*, campaign_id: int) -> None:
    """Work on a campaign for a while, and come back until it is completed."""
    again_at = services.advance_campaign(campaign_id=campaign_id)
    if again_at is not None:
        raise RunLater(again_at, "The campaign is not completed.")
