"""What must be true of refunds at any moment; `verify_invariants` counts what breaks it."""

from ticketing.invariants import Rule, unlogged

RULES = [
    Rule(
        "refunded_amount_is_what_went_back",
        "An order's refunded amount is the sum of its refunds that are paid back.",
        """
        SELECT o.id FROM orders_order o LEFT JOIN refunds_refund r
            ON r.order_id = o.id AND r.case_id IS NULL AND r.status IN ('completed', 'partial')
        GROUP BY o.id HAVING o.refunded_amount <> coalesce(sum(r.amount), 0)
        """,
    ),
    Rule(
        "refund_reserved_amount_is_what_is_approved",
        "An order's reserved amount is the sum of its refunds that are approved and not back.",
        """
        SELECT o.id FROM orders_order o LEFT JOIN refunds_refund r
            ON r.order_id = o.id AND r.case_id IS NULL
            AND r.status IN ('approved', 'processing', 'payment_failed')
        GROUP BY o.id HAVING o.refund_reserved_amount <> coalesce(sum(r.amount), 0)
        """,
    ),
    Rule(
        "ticket_in_one_live_refund",
        "A ticket is in at most one refund that was not rejected and has not failed.",
        """
        SELECT t.ticket_id FROM refunds_refundticket t JOIN refunds_refund r ON r.id = t.refund_id
        WHERE r.status NOT IN ('rejected', 'failed')
        GROUP BY t.ticket_id HAVING count(*) > 1
        """,
    ),
    Rule(
        "refund_ticket_live_with_its_refund",
        "A refund keeps its tickets until it is rejected or has failed, and no longer.",
        """
        SELECT t.id FROM refunds_refundticket t JOIN refunds_refund r ON r.id = t.refund_id
        WHERE t.is_live <> (r.status NOT IN ('rejected', 'failed'))
        """,
    ),
    Rule(
        "refund_ticket_of_its_order",
        "A refund takes back tickets of its own order.",
        """
        SELECT t.id FROM refunds_refundticket t
        JOIN refunds_refund r ON r.id = t.refund_id JOIN orders_ticket k ON k.id = t.ticket_id
        WHERE r.order_id <> t.order_id OR k.order_id <> t.order_id
        """,
    ),
    Rule(
        "refunded_ticket_has_its_refund",
        "A ticket is refunded when a refund that is paid back took it, and only then.",
        """
        (SELECT id FROM orders_ticket WHERE status = 'refunded'
         EXCEPT SELECT t.ticket_id FROM refunds_refundticket t
         JOIN refunds_refund r ON r.id = t.refund_id WHERE r.status IN ('completed', 'partial'))
        UNION ALL
        (SELECT t.ticket_id FROM refunds_refundticket t
         JOIN refunds_refund r ON r.id = t.refund_id WHERE r.status IN ('completed', 'partial')
         EXCEPT SELECT id FROM orders_ticket WHERE status = 'refunded')
        """,
    ),
    Rule(
        "approved_refund_bars_its_tickets",
        "A ticket lets nobody in from the approval of its refund on, and lets in without one.",
        """
        (SELECT id FROM orders_ticket WHERE refund_approved_at IS NOT NULL
         EXCEPT SELECT t.ticket_id FROM refunds_refundticket t
         JOIN refunds_refund r ON r.id = t.refund_id WHERE t.is_live AND r.status IN
            ('approved', 'processing', 'payment_failed', 'completed', 'partial'))
        UNION ALL
        (SELECT t.ticket_id FROM refunds_refundticket t
         JOIN refunds_refund r ON r.id = t.refund_id WHERE t.is_live AND r.status IN
            ('approved', 'processing', 'payment_failed', 'completed', 'partial')
         EXCEPT SELECT id FROM orders_ticket WHERE refund_approved_at IS NOT NULL)
        """,
    ),
    Rule(
        "paid_back_refund_has_a_reversal_or_evidence",
        "Money that is back went through a reversal of that amount, or a person says how.",
        """
        SELECT r.id FROM refunds_refund r LEFT JOIN payments_reversal v ON v.id = r.reversal_id
        WHERE r.status IN ('completed', 'partial') AND r.amount > 0 AND r.payout_evidence = ''
          AND (v.status, v.amount) IS DISTINCT FROM ('succeeded', r.amount)
        """,
    ),
    Rule(
        "reversal_has_one_refund",
        "Money is sent back for a refund of the same amount, which does not fail after that.",
        """
        SELECT v.id FROM payments_reversal v LEFT JOIN refunds_refund r ON r.reversal_id = v.id
        WHERE v.status = 'succeeded'
          AND (r.id IS NULL OR r.amount <> v.amount OR r.status = 'failed')
        """,
    ),
    Rule(
        "late_money_is_owed_or_back",
        # What a person has decided may be otherwise: it went back in another way, or was ours after
        # all.
        "Late and second money is owed by an open case, or was given back by its refund.",
        """
        SELECT c.id FROM payments_paymentcase c LEFT JOIN refunds_refund r ON r.case_id = c.id
        WHERE c.kind IN ('late', 'duplicate') AND c.status = 'resolved' AND c.decided_by_id IS NULL
          AND coalesce(r.status, '') NOT IN ('completed', 'partial')
        """,
    ),
    Rule(
        "refund_percentage_is_of_the_policy",
        "No refund has another percentage than the policy knows, before or after an override.",
        """
        SELECT id FROM refunds_refund WHERE percentage_applied NOT IN (0, 60, 80, 90, 100)
        UNION ALL
        SELECT id FROM refunds_refundoverride
        WHERE old_percentage NOT IN (0, 60, 80, 90, 100)
           OR new_percentage NOT IN (0, 60, 80, 90, 100)
        """,
    ),
    Rule(
        "campaign_status_logged",
        "Every campaign that was started has a log row for its last state.",
        unlogged("refunds", "refundcampaign", first="draft"),
    ),
    Rule(
        "late_money_has_its_refund",
        "Late and second money that is owed has a refund, or a job that makes one.",
        """
        SELECT id FROM payments_paymentcase
        WHERE kind IN ('late', 'duplicate') AND status = 'open'
        EXCEPT SELECT case_id FROM refunds_refund WHERE case_id IS NOT NULL
        EXCEPT SELECT (payload ->> 'case_id')::bigint FROM jobs_job
        WHERE topic = 'payments.case_opened' AND status IN ('pending', 'published')
        """,
    ),
    Rule(
        "refund_base_is_what_comes_back",
        "A percentage is taken of the tickets that are given back, the whole order or the payment.",
        """
        SELECT r.id FROM refunds_refund r JOIN orders_order o ON o.id = r.order_id
        LEFT JOIN payments_paymentcase c ON c.id = r.case_id
        LEFT JOIN (
            SELECT t.refund_id, sum(k.price) AS prices
            FROM refunds_refundticket t JOIN orders_ticket k ON k.id = t.ticket_id
            GROUP BY t.refund_id) t ON t.refund_id = r.id
        WHERE r.base_amount IS DISTINCT FROM CASE r.calculation_basis
            WHEN 'tickets' THEN t.prices WHEN 'order_total' THEN o.total_amount
            ELSE c.amount_owed END
        """,
    ),
    Rule(
        "refund_within_its_percentage",
        "No refund is more than its percentage of its base.",
        """
        SELECT id FROM refunds_refund
        WHERE amount > round(base_amount * percentage_applied / 100, 2)
        """,
    ),
    Rule(
        "personal_refund_takes_no_used_ticket",
        "Nobody goes in and gets money back for a reason of their own.",
        """
        SELECT k.id FROM orders_ticket k
        JOIN refunds_refundticket t ON t.ticket_id = k.id
        JOIN refunds_refund r ON r.id = t.refund_id
        WHERE k.used_at IS NOT NULL AND r.reason = 'personal' AND r.status IN
            ('approved', 'processing', 'payment_failed', 'completed', 'partial')
        """,
    ),
    Rule(
        "refund_goes_back_through_its_own_payment",
        # Without a case both sides are NULL: the payment that paid the order has none.
        "A reversal gives back what the refund's own order, or late payment, has brought.",
        """
        SELECT r.id FROM refunds_refund r
        JOIN payments_reversal v ON v.id = r.reversal_id
        JOIN payments_payment p ON p.id = v.payment_id
        LEFT JOIN payments_paymentcase c ON c.id = r.case_id
        WHERE r.payment_id IS DISTINCT FROM p.id OR p.order_id <> r.order_id
           OR c.payment_id IS DISTINCT FROM CASE WHEN c.id IS NOT NULL THEN p.id END
        """,
    ),
    Rule(
        "refund_status_logged",
        "Every refund has a log row for its last state.",
        unlogged("refunds", "refund", first="requested"),
    ),
    Rule(
        "approved_refund_will_be_paid_back",
        "An approved refund has a job that pays it back, or one whose end wakes it comes before.",
        """
        SELECT r.id FROM refunds_refund r WHERE r.status = 'approved' AND NOT EXISTS (
            SELECT 1 FROM jobs_job j WHERE j.topic = 'refunds.pay_back'
              AND j.status IN ('pending', 'published')
              AND (j.payload ->> 'refund_id')::bigint = r.id)
          AND NOT EXISTS (
            SELECT 1 FROM refunds_refund o JOIN payments_reversal v ON v.id = o.reversal_id
            WHERE o.order_id = r.order_id AND o.case_id IS NULL AND r.case_id IS NULL
              AND (v.finished_at IS NULL OR v.id IN (
                SELECT (payload ->> 'reversal_id')::bigint FROM jobs_job
                WHERE topic = 'payments.reversal_ended' AND status IN ('pending', 'published'))))
        """,
    ),
    Rule(
        "processing_refund_will_end",
        "The reversal of a refund on its way is open, or a job tells the refund of its end.",
        """
        SELECT r.id FROM refunds_refund r LEFT JOIN payments_reversal v ON v.id = r.reversal_id
        WHERE r.status = 'processing' AND (v.id IS NULL OR v.finished_at IS NOT NULL)
          AND NOT EXISTS (
            SELECT 1 FROM jobs_job j WHERE j.topic = 'payments.reversal_ended'
              AND j.status IN ('pending', 'published')
              AND (j.payload ->> 'reversal_id')::bigint = v.id)
        """,
    ),
    Rule(
        "running_campaign_has_a_job",
        "A campaign that runs has a job that works on it.",
        """
        SELECT id FROM refunds_refundcampaign WHERE status = 'running'
        EXCEPT SELECT (payload ->> 'campaign_id')::bigint FROM jobs_job
        WHERE topic = 'refunds.campaign_due' AND status IN ('pending', 'published')
        """,
    ),
    Rule(
        "campaign_orders_are_what_is_said_of_them",
        "An order that a campaign is done with is refunded; a completed campaign has none left.",
        """
        SELECT e.id FROM refunds_campaignorder e JOIN orders_order o ON o.id = e.order_id
        JOIN refunds_refundcampaign g ON g.id = e.campaign_id
        WHERE (e.status = 'done' AND o.status <> 'refunded')
           OR (e.status IN ('waiting', 'refunding') AND g.status = 'completed')
        """,
    ),
]
