"""What must be true of orders, holds, tickets and seats at any moment."""

from ticketing.invariants import Rule, unlogged

RULES = [
    Rule(
        "hold_one_live_per_seat",
        "A seat has at most one live hold.",
        """
        SELECT seat_id FROM orders_seathold WHERE status IN ('active', 'confirmed')
        GROUP BY seat_id HAVING count(*) > 1
        """,
    ),
    Rule(
        "ticket_one_live_per_seat",
        "A seat has at most one live ticket.",
        """
        SELECT seat_id FROM orders_ticket WHERE status IN ('active', 'used')
        GROUP BY seat_id HAVING count(*) > 1
        """,
    ),
    Rule(
        "seat_status_follows_its_hold",
        # Compared by `IS NOT DISTINCT FROM`: a seat without a live hold has NULL there.
        "A seat is held while it has an active hold, and sold while it has a confirmed one.",
        """
        SELECT s.id FROM ticketing_seat s
        LEFT JOIN orders_seathold h ON h.seat_id = s.id AND h.status IN ('active', 'confirmed')
        WHERE (s.status = 'held') <> (h.status IS NOT DISTINCT FROM 'active')
           OR (s.status = 'sold') <> (h.status IS NOT DISTINCT FROM 'confirmed')
        """,
    ),
    Rule(
        "hold_status_follows_its_order",
        "Holds are active while their order is pending, confirmed with it, and released after it.",
        """
        SELECT h.id FROM orders_seathold h JOIN orders_order o ON o.id = h.order_id
        WHERE (h.status = 'active' AND o.status <> 'pending_payment')
           OR (h.status = 'confirmed' AND o.status NOT IN ('paid', 'partial_refunded', 'refunded'))
           OR (h.status = 'released' AND o.status IN ('pending_payment', 'paid'))
        """,
    ),
    Rule(
        "order_total_is_the_sum_of_its_holds",
        "An order costs what its seats cost.",
        """
        SELECT o.id FROM orders_order o
        LEFT JOIN orders_seathold h ON h.order_id = o.id
        GROUP BY o.id HAVING o.total_amount <> coalesce(sum(h.price), 0) OR count(h.id) = 0
        """,
    ),
    Rule(
        "order_refunded_within_total",
        "No more is refunded than was paid.",
        "SELECT id FROM orders_order WHERE refunded_amount < 0 OR refunded_amount > total_amount",
    ),
    Rule(
        "order_status_follows_what_went_back",
        "An order is refunded once all its money and tickets are back, and partly with the first.",
        """
        SELECT o.id FROM orders_order o LEFT JOIN (
            SELECT order_id, count(*) AS sold, count(*) FILTER (WHERE status = 'refunded') AS back
            FROM orders_ticket GROUP BY order_id) t ON t.order_id = o.id
        WHERE o.status IN ('paid', 'partial_refunded', 'refunded') AND o.status <> CASE
            WHEN o.refunded_amount = o.total_amount AND t.back = t.sold THEN 'refunded'
            WHEN o.refunded_amount > 0 OR t.back > 0 THEN 'partial_refunded' ELSE 'paid' END
        """,
    ),
    Rule(
        "paid_order_has_a_ticket_for_each_hold",
        "A paid order has one ticket for each of its seats; an unpaid one has none.",
        """
        SELECT o.id FROM orders_order o
        WHERE (SELECT count(*) FROM orders_ticket t WHERE t.order_id = o.id) <> CASE
            WHEN o.status IN ('paid', 'partial_refunded', 'refunded')
            THEN (SELECT count(*) FROM orders_seathold h WHERE h.order_id = o.id) ELSE 0 END
        """,
    ),
    Rule(
        "ticket_seat_is_sold",
        "The seat of a live ticket is sold.",
        """
        SELECT t.id FROM orders_ticket t JOIN ticketing_seat s ON s.id = t.seat_id
        WHERE t.status IN ('active', 'used') AND s.status <> 'sold'
        """,
    ),
    Rule(
        "one_showing_for_order_holds_tickets_and_seats",
        "An order, its holds, its tickets and their seats share one showing of one event.",
        """
        SELECT o.id FROM orders_order o JOIN ticketing_showing w ON w.id = o.showing_id
        WHERE w.event_id <> o.event_id
           OR EXISTS (
            SELECT 1 FROM orders_seathold h JOIN ticketing_seat s ON s.id = h.seat_id
            WHERE h.order_id = o.id AND (h.showing_id, h.event_id, s.showing_id)
                IS DISTINCT FROM (o.showing_id, o.event_id, o.showing_id))
           OR EXISTS (
            SELECT 1 FROM orders_ticket t JOIN ticketing_seat s ON s.id = t.seat_id
            WHERE t.order_id = o.id AND (t.showing_id, t.event_id, s.showing_id)
                IS DISTINCT FROM (o.showing_id, o.event_id, o.showing_id))
        """,
    ),
    Rule(
        "pending_order_has_a_settle_job",
        "Every order waiting for payment will be settled by a job.",
        """
        SELECT id FROM orders_order WHERE status = 'pending_payment'
        EXCEPT SELECT (payload ->> 'order_id')::bigint FROM jobs_job
        WHERE topic = 'orders.expiry_due' AND status IN ('pending', 'published')
        """,
    ),
    Rule(
        "ticket_used_has_time",
        "A used ticket says when; one that is still good was never used.",
        """
        SELECT id FROM orders_ticket
        WHERE (status = 'used' AND used_at IS NULL) OR (status = 'active' AND used_at IS NOT NULL)
        """,
    ),
    Rule(
        "ticket_status_logged",
        "Every ticket that moved has a log row for its last state.",
        unlogged("orders", "ticket", first="active"),
    ),
    Rule(
        "order_status_logged",
        "Every order that moved has a log row for its last state.",
        unlogged("orders", "order", first="pending_payment"),
    ),
]
