"""Money that customers get back: why, how much, who decided, and how far it is."""

from refunds.models.campaign import (
    CAMPAIGN_REASONS,
    CampaignOrder,
    CampaignOrderStatus,
    CampaignStatus,
    RefundCampaign,
)
from refunds.models.choices import (
    OF_PAYMENT,
    PAID_BACK,
    RESERVED,
    UNDECIDED,
    RefundReason,
    RefundStatus,
)
from refunds.models.override import RefundOverride
from refunds.models.refund import Refund, RefundQuerySet, RefundTicket

__all__ = [
    "CAMPAIGN_REASONS",
    "OF_PAYMENT",
    "PAID_BACK",
    "RESERVED",
    "UNDECIDED",
    "CampaignOrder",
    "CampaignOrderStatus",
    "CampaignStatus",
    "Refund",
    "RefundCampaign",
    "RefundOverride",
    "RefundQuerySet",
    "RefundReason",
    "RefundStatus",
    "RefundTicket",
]
