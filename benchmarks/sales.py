"""Rows for every list of the back office, in proportion to the orders, written set-wise."""

from __future__ import annotations

from datetime import timedelta

from benchmarks import sold_event
from benchmarks.sold_event import Cursor, SoldEvent

MONTHS = timedelta(days=60)

# One in ten was never paid.
EXPIRED = """
INSERT INTO orders_order (code, customer_id, event_id, showing_id, email, total_amount,
    refunded_amount, currency, status, created_at, expires_at, payment_started_at, request_digest)
SELECT 'X' || substr(code, 2), customer_id, event_id, showing_id, email, total_amount, 0, 'VND',
    'expired', created_at, expires_at, created_at, ''
FROM orders_order WHERE event_id = %(event)s AND id %% 10 = 0
"""

FAILED_PAYMENTS = """
INSERT INTO payments_payment (order_id, provider, txn_ref, amount, currency, status, payment_url,
    provider_request, provider_transaction_no, provider_code, created_at, expires_at,
    request_digest)
SELECT id, 'vnpay', md5(code || random()), total_amount, 'VND', 'failed', '', '{}', '', '24',
    created_at, expires_at, ''
FROM orders_order WHERE event_id = %(event)s AND status = 'expired'
"""

MESSAGES = """
INSERT INTO payments_providermessage (provider, channel, txn_ref, body, at)
SELECT 'vnpay', 'ipn', txn_ref, '{}', payment.created_at
FROM payments_payment payment JOIN orders_order bought ON bought.id = payment.order_id
WHERE bought.event_id = %(event)s
"""

# One in five is given back, half of them decided already.
REFUNDS = """
INSERT INTO refunds_refund (order_id, reason, status, percentage_applied, base_amount, amount,
    currency, calculation_basis, explanation, requested_at, requested_by_id, decision_at,
    rejection_reason, provider_error, payout_evidence, request_digest)
SELECT id, 'personal', CASE WHEN id %% 10 < 5 THEN 'pending_organizer' ELSE 'rejected' END, 80,
    total_amount, total_amount * 0.8, 'VND', 'order_total', '[]', created_at, customer_id,
    CASE WHEN id %% 10 >= 5 THEN created_at END, CASE WHEN id %% 10 < 5 THEN '' ELSE 'No.' END,
    '{}', '', ''
FROM orders_order WHERE event_id = %(event)s AND status = 'paid' AND id %% 5 = 0
"""

REVERSALS = """
INSERT INTO payments_reversal (payment_id, provider, amount, is_full, request_id, reason,
    requested_by, status, request, provider_transaction_no, provider_code, provider_message,
    provider_answer, created_at, sent_at, checks, denials, finished_at)
SELECT payment.id, 'vnpay', payment.amount, true, md5('r' || payment.id), 'Late.', 'system',
    'succeeded', '{}', '', '00', '', '{}', now(), now(), 0, 0, now()
FROM payments_payment payment JOIN orders_order bought ON bought.id = payment.order_id
WHERE bought.event_id = %(event)s AND payment.status = 'captured' AND payment.id %% 5 = 0
"""

CASES = """
INSERT INTO payments_paymentcase (kind, status, payment_id, order_id, provider, txn_ref, amount,
    amount_owed, description, opened_at, decision, decided_at)
SELECT 'late', CASE WHEN payment.id %% 500 = 0 THEN 'open' ELSE 'resolved' END, payment.id,
    payment.order_id, 'vnpay', payment.txn_ref, payment.amount, payment.amount, 'Too late.',
    payment.created_at, '', CASE WHEN payment.id %% 500 <> 0 THEN now() END
FROM payments_payment payment JOIN orders_order bought ON bought.id = payment.order_id
WHERE bought.event_id = %(event)s AND payment.id %% 5 = 0
"""

RUN = """
INSERT INTO payments_reconciliation (started_at, ended, asked, agreed, repaired, cases,
    unanswered, failed)
VALUES (now(), '', 0, 0, 0, 0, 0, 0) RETURNING id
"""

ENTRIES = """
INSERT INTO payments_reconciliationentry (run_id, payment_id, at, had, has, said, done)
SELECT %(run)s, payment.id, now(), 'pending', 'captured', 'Paid.', 'repaired'
FROM payments_payment payment JOIN orders_order bought ON bought.id = payment.order_id
WHERE bought.event_id = %(event)s AND payment.id %% 5 = 0
"""

CAMPAIGN = """
INSERT INTO refunds_refundcampaign (event_id, is_selection, reason, status, created_at, totals)
VALUES (%(event)s, false, 'cancelled', 'draft', now(), '{}') RETURNING id
"""

CAMPAIGN_ORDERS = """
INSERT INTO refunds_campaignorder (campaign_id, order_id, status, note)
SELECT %(campaign)s, id, 'waiting', '' FROM orders_order
WHERE event_id = %(event)s AND status = 'paid'
"""

JOBS = """
INSERT INTO jobs_job (topic, payload, status, run_at, attempts, generation, message_id, last_error,
    created_at, finished_at)
SELECT 'orders.paid', jsonb_build_object('order_id', id),
    CASE WHEN id %% 100 = 0 THEN 'dead' ELSE 'done' END, created_at, 1, 0, '', '', created_at,
    created_at
FROM orders_order WHERE event_id = %(event)s
"""

ADDRESSES = """
INSERT INTO account_emailaddress (email, verified, "primary", user_id)
SELECT email, true, true, id FROM auth_user WHERE username LIKE %(slug)s || '%%'
"""

IN_TURN = [
    EXPIRED, FAILED_PAYMENTS, MESSAGES, REFUNDS, REVERSALS, CASES, JOBS, ADDRESSES,
]  # fmt: skip


def sell(cursor: Cursor, *, slug: str, orders: int, prefix: str) -> SoldEvent:
    """Sell an event as `sold_event.sell` does, over two months, and all that may follow."""
    sold = sold_event.sell(cursor, slug=slug, orders=orders, prefix=prefix, apart=MONTHS / orders)
    values = {"event": sold.event, "orders": orders, "slug": slug}
    for statement in IN_TURN:
        cursor.execute(statement, values)
    for name, made, parts in (("run", RUN, ENTRIES), ("campaign", CAMPAIGN, CAMPAIGN_ORDERS)):
        cursor.execute(made, values)
        (values[name],) = cursor.fetchone()
        cursor.execute(parts, values)
    return sold
