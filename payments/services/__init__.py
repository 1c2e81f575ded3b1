"""The use cases of payments; each opens its own transactions and is called by edges only."""

from payments.services.cases import report_case, resolve_case
from payments.services.earlier_cases import turn_earlier_cases
from payments.services.messages import log_message
from payments.services.reconcile import reconcile_payments
from payments.services.record import ask_at_once, record_result
from payments.services.reversals import advance_due_reversals, advance_reversal, due_reversals
from payments.services.sending import log_answers, mark_sent, take_back, tell
from payments.services.settle import settle_order, settle_overdue_orders
from payments.services.start import start_payment

__all__ = [
    "advance_due_reversals",
    "advance_reversal",
    "ask_at_once",
    "due_reversals",
    "log_answers",
    "log_message",
    "mark_sent",
    "reconcile_payments",
    "record_result",
    "report_case",
    "resolve_case",
    "settle_order",
    "settle_overdue_orders",
    "start_payment",
    "take_back",
    "tell",
    "turn_earlier_cases",
]
