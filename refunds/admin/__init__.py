"""The back office of refunds: requests to decide, and failures to settle."""

from refunds.admin.desk import RefundAdmin

__all__ = ["RefundAdmin"]
