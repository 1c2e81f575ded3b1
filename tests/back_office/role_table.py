"""Who may open what in the back office. The tests walk every address and compare it with this.

A admin, S support, M member of the organizer whose row it is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rights:
    """Who reads a model's rows, and who adds, changes and deletes them by hand."""

    read: str
    add: str = ""
    change: str = ""
    delete: str = ""


MODELS = {
    "auth.group": Rights("A", "A", "A", "A"),
    "auth.user": Rights("A", "A", "A", "A"),
    "account.emailaddress": Rights("A", "A", "A", "A"),
    "mfa.authenticator": Rights("A", delete="A"),
    "admin.logentry": Rights("A"),
    "jobs.job": Rights("AS"),
    "ticketing.logrow": Rights("A"),
    "ticketing.organizer": Rights("ASM", "A", "A", "A"),
    "ticketing.event": Rights("ASM", "AM", "AM"),
    "ticketing.showing": Rights("ASM", change="AM"),
    "orders.order": Rights("ASM"),
    "orders.ticket": Rights("ASM"),
    "orders.eventrevenue": Rights("AM"),
    "payments.payment": Rights("ASM"),
    "payments.reversal": Rights("ASM"),
    "payments.paymentcase": Rights("ASM"),
    "payments.providermessage": Rights("A"),
    "payments.reconciliation": Rights("A"),
    "payments.reconciliationentry": Rights("A"),
    "refunds.refund": Rights("ASM"),
    "refunds.refundcampaign": Rights("A"),
    "refunds.campaignorder": Rights("A"),
}

# Pages on which something is done with a row, by the name of their address.
ACTIONS = {
    "auth_user_password_change": "A",
    "auth_user_log_out_everywhere": "A",
    "ticketing_event_check_and_publish": "AM",
    "ticketing_event_copy_event": "AM",
    "ticketing_event_postpone": "A",
    "ticketing_event_reinstate": "A",
    "ticketing_event_request_cancellation": "AM",
    "ticketing_event_withdraw_cancellation": "AM",
    "ticketing_event_confirm_cancellation": "A",
    "ticketing_event_investigate": "A",
    "ticketing_event_confirm_fraud": "A",
    "ticketing_event_clear": "A",
    "ticketing_event_lift_revenue_freeze": "A",
    "jobs_job_try_again": "A",
    "orders_order_timeline": "ASM",
    "ticketing_showing_areas": "AM",
    "ticketing_showing_plan": "AM",
    "ticketing_showing_check_plan": "AM",
    "ticketing_showing_remove_showing": "AM",
    "ticketing_showing_seat_plan": "ASM",
    "ticketing_showing_seat_map": "ASM",
    "ticketing_showing_seat_holder": "ASM",
    "ticketing_showing_block_seats": "AM",
    "ticketing_showing_release_seats": "AM",
    "ticketing_showing_change_prices": "AM",
    "orders_order_resend_tickets": "ASM",
    "orders_order_export_csv": "AM",
    "orders_order_export_xlsx": "AM",
    "orders_ticket_export_csv": "AM",
    "orders_ticket_export_xlsx": "AM",
    "orders_eventrevenue_export_csv": "AM",
    "orders_eventrevenue_export_xlsx": "AM",
    "payments_payment_export_csv": "AM",
    "payments_payment_export_xlsx": "AM",
    "payments_paymentcase_export_csv": "AM",
    "payments_paymentcase_export_xlsx": "AM",
    "refunds_refund_export_csv": "AM",
    "refunds_refund_export_xlsx": "AM",
    "orders_order_cancel": "AM",
    "payments_payment_report_case": "AS",
    "payments_paymentcase_resolve": "A",
    "refunds_refund_approve": "AM",
    "refunds_refund_reject": "AM",
    "refunds_refund_override": "A",
    "refunds_refund_retry": "A",
    "refunds_refund_mark_paid": "A",
    "refunds_refund_mark_failed": "A",
    "refunds_refundcampaign_prepare": "A",
    "refunds_refundcampaign_start": "A",
    "refunds_refundcampaign_pause": "A",
    "refunds_refundcampaign_resume": "A",
    "refunds_refundcampaign_retry_listed": "A",
    "refunds_refundcampaign_download_report": "A",
}

# What is done with rows that are ticked in a list.
LIST_ACTIONS = {
    "account.emailaddress make_verified": "A",
    "jobs.job revive": "A",
    "ticketing.event publish": "AM",
    "refunds.refund approve_selected": "AM",
}

# Pages of no model, for all staff: they show what the reader's role sees anyway.
FOR_ALL_STAFF = {
    "index", "app_list", "search", "jsi18n", "password_change", "password_change_done",
    "autocomplete", "login", "logout", "view_on_site",
}  # fmt: skip
