"""The use cases of refunds; each opens its own transactions and is called by edges only."""

from refunds.services.campaigns import (
    campaign_rows,
    find_campaign,
    may_start,
    pause_campaign,
    prepare_campaign,
    preview_campaign,
    report_campaign,
    resume_campaign,
    retry_campaign,
    start_campaign,
)
from refunds.services.decide import approve_refund, may_decide, reject_refund
from refunds.services.drive_campaign import drive_campaign
from refunds.services.override import override_refund
from refunds.services.owed import refund_case
from refunds.services.pay_back import pay_back, record_reversal, record_unclear_reversal
from refunds.services.process import pay_back_approved, process_refunds
from refunds.services.request import quote_refund, request_refund
from refunds.services.run_campaign import advance_campaign
from refunds.services.settle import mark_refund_failed, mark_refund_paid, retry_refund

__all__ = [
    "advance_campaign",
    "approve_refund",
    "campaign_rows",
    "drive_campaign",
    "find_campaign",
    "mark_refund_failed",
    "mark_refund_paid",
    "may_decide",
    "may_start",
    "override_refund",
    "pause_campaign",
    "pay_back",
    "pay_back_approved",
    "prepare_campaign",
    "preview_campaign",
    "process_refunds",
    "quote_refund",
    "record_reversal",
    "record_unclear_reversal",
    "refund_case",
    "reject_refund",
    "report_campaign",
    "request_refund",
    "resume_campaign",
    "retry_campaign",
    "retry_refund",
    "start_campaign",
]
