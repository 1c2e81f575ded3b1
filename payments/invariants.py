"""What must be true of money at any moment; `verify_invariants` counts what breaks it."""

from ticketing.invariants import Rule, unlogged

RULES = [
    Rule(
        "payment_paid_order_has_its_money",
        "An order that is settled as paid has one captured payment of its total that it keeps.",
        """
        SELECT o.id FROM orders_order o
        WHERE o.status IN ('paid', 'partial_refunded', 'refunded') AND o.total_amount > 0
          AND 1 <> (
            SELECT count(*) FROM payments_payment p
            WHERE p.order_id = o.id AND p.status = 'captured' AND p.amount = o.total_amount
              AND NOT EXISTS (
                SELECT 1 FROM payments_paymentcase c
                WHERE c.payment_id = p.id AND c.kind IN ('late', 'duplicate')))
        """,
    ),
    Rule(
        "payment_captured_money_is_kept_or_owed",
        "Money captured for an order that ended unpaid is a case.",
        """
        SELECT p.id FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
        WHERE p.status = 'captured' AND o.status IN ('failed', 'expired', 'cancelled')
          AND NOT EXISTS (
            SELECT 1 FROM payments_paymentcase c
            WHERE c.payment_id = p.id AND c.kind IN ('late', 'duplicate'))
        """,
    ),
    Rule(
        "payment_captured_money_waits_for_settling_only",
        "Money captured for a pending order waits for a settle job.",
        """
        SELECT p.id FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
        WHERE p.status = 'captured' AND o.status = 'pending_payment'
          AND NOT EXISTS (
            SELECT 1 FROM jobs_job j
            WHERE j.topic = 'orders.expiry_due' AND j.status IN ('pending', 'published')
              AND (j.payload ->> 'order_id')::bigint = o.id)
        """,
    ),
    Rule(
        "payment_txn_ref_unique",
        "A reference is never used twice.",
        "SELECT min(id) FROM payments_payment GROUP BY txn_ref HAVING count(*) > 1",
    ),
    Rule(
        "payment_amount_is_the_order_total",
        "An attempt asks for the whole order.",
        """
        SELECT p.id FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
        WHERE p.amount <> o.total_amount
        """,
    ),
    Rule(
        "payment_order_knows_of_the_attempt",
        "An order with an attempt to pay says when paying began: without one it expires unasked.",
        """
        SELECT p.id FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
        WHERE o.payment_started_at IS NULL
        """,
    ),
    Rule(
        "payment_status_logged",
        "Every payment that moved has a log row for its last state.",
        unlogged("payments", "payment", first="pending"),
    ),
    Rule(
        "payment_review_has_a_case",
        "A payment in review is a suspected-fraud case.",
        """
        SELECT p.id FROM payments_payment p
        WHERE p.status = 'review' AND NOT EXISTS (
            SELECT 1 FROM payments_paymentcase c
            WHERE c.payment_id = p.id AND c.kind = 'suspected_fraud')
        """,
    ),
    Rule(
        "payment_orphaned_case_ends_with_the_answer",
        "A payment whose end is known is no open orphaned case.",
        """
        SELECT c.id FROM payments_paymentcase c JOIN payments_payment p ON p.id = c.payment_id
        WHERE c.kind = 'orphaned' AND c.status = 'open' AND p.status IN ('captured', 'failed')
        """,
    ),
    Rule(
        "reconciliation_lists_what_did_not_agree",
        "A finished report lists every payment that it does not count as agreed.",
        """
        SELECT r.id FROM payments_reconciliation r
        WHERE r.finished_at IS NOT NULL AND r.repaired + r.cases + r.unanswered + r.failed <> (
            SELECT count(*) FROM payments_reconciliationentry e WHERE e.run_id = r.id)
        """,
    ),
    Rule(
        "payment_reversed_amount_is_that_of_its_reversals",
        "A payment counts the money of every reversal that was not rejected, and no other.",
        """
        SELECT id, reversed_amount FROM payments_payment WHERE reversed_amount <> 0
        EXCEPT SELECT payment_id, sum(amount) FROM payments_reversal
        WHERE status <> 'rejected' GROUP BY payment_id
        UNION ALL (
            SELECT payment_id, sum(amount) FROM payments_reversal
            WHERE status <> 'rejected' GROUP BY payment_id
            EXCEPT SELECT id, reversed_amount FROM payments_payment WHERE reversed_amount <> 0)
        """,
    ),
    Rule(
        "reversals_within_their_payment",
        "No more of a payment goes back than came.",
        """
        SELECT p.id FROM payments_payment p JOIN payments_reversal r ON r.payment_id = p.id
        WHERE r.status <> 'rejected' GROUP BY p.id HAVING sum(r.amount) > p.amount
        """,
    ),
    Rule(
        "reversal_of_captured_money_only",
        "Only captured money goes back, through the provider that has it.",
        """
        SELECT r.id FROM payments_reversal r JOIN payments_payment p ON p.id = r.payment_id
        WHERE p.status <> 'captured' OR p.provider <> r.provider
        """,
    ),
    Rule(
        "reversal_one_open",
        "Of a payment's reversals at most one is open.",
        """
        SELECT payment_id FROM payments_reversal
        WHERE status IN ('created', 'sent', 'accepted', 'unknown')
        GROUP BY payment_id HAVING count(*) > 1
        """,
    ),
    Rule(
        "reversal_full_is_alone",
        "A full reversal is of the whole payment, and nothing else went back.",
        """
        SELECT r.id FROM payments_reversal r JOIN payments_payment p ON p.id = r.payment_id
        WHERE r.is_full AND r.status <> 'rejected'
          AND (r.amount <> p.amount OR p.reversed_amount <> p.amount)
        """,
    ),
    Rule(
        "reversal_ended_when_final",
        "A reversal that succeeded or was rejected says when, and is not due any more.",
        """
        SELECT id FROM payments_reversal
        WHERE (status IN ('succeeded', 'rejected')) <> (finished_at IS NOT NULL)
           OR (finished_at IS NOT NULL AND due_at IS NOT NULL)
        """,
    ),
    Rule(
        "reversal_open_goes_on_or_waits_for_a_person",
        "A reversal that is open is due at some time, or a person was asked.",
        """
        SELECT id FROM payments_reversal
        WHERE finished_at IS NULL AND due_at IS NULL AND unclear_at IS NULL
        """,
    ),
    Rule(
        "reversal_number_once",
        "No refund of the provider stands for two reversals of a payment.",
        """
        SELECT payment_id FROM payments_reversal WHERE provider_transaction_no <> ''
        GROUP BY payment_id, provider_transaction_no HAVING count(*) > 1
        """,
    ),
    Rule(
        "reversal_status_logged",
        "Every reversal that moved has a log row for its last state.",
        unlogged("payments", "reversal", first="created"),
    ),
]
