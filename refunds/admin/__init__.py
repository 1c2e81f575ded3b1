"""The back office of refunds: requests to decide, failures to settle, campaigns to run."""

from refunds.admin.campaign_orders import CampaignOrderAdmin
from refunds.admin.campaigns import RefundCampaignAdmin
from refunds.admin.desk import RefundAdmin

__all__ = ["CampaignOrderAdmin", "RefundAdmin", "RefundCampaignAdmin"]
