"""`verify_invariants` finds what it is there to find: each rule of refunds is broken on purpose."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.utils import timezone

from orders.models import Order
from payments.models import CaseKind, Reversal
from payments.operations.cases import open_case
from payments.operations.reversals import follow
from payments.providers import RefundState
from refunds.invariants import RULES
from refunds.policy import Reason
from refunds.services import approve_refund, pay_back, record_reversal, refund_case, request_refund
from tests.factories import PaymentFactory, paid_order
from tests.rules import break_by
from ticketing.invariants import violations


@pytest.fixture
def world(order, tickets, organizer):
    """A ticket is refunded, a refund is approved, a second payment goes back; all is well."""
    refunded, approved = (_approved(order, ticket, organizer) for ticket in tickets[:2])
    pay_back(refund_id=refunded.pk)
    _succeed(Reversal.objects.get())
    other = paid_order()
    with transaction.atomic():
        case = open_case(
            CaseKind.DUPLICATE,
            _second_payment(other),
            other.total_amount,
            timezone.now(),
            owed=other.total_amount,
        )
    refund_case(case_id=case.pk)
    assert not any(violations().values())
    return approved


def _approved(order, ticket, organizer):
    refund = request_refund(
        order_id=order.pk,
        requester=order.customer,
        reason=Reason.PERSONAL,
        ticket_codes=[ticket.code],
    )
    return approve_refund(refund_id=refund.pk, by=organizer)


def _succeed(reversal):
    with transaction.atomic():
        Order.objects.get_for_update(reversal.payment.order_id)
        follow(reversal, RefundState.DONE, by=None, at=timezone.now(), reason="The test says so.")
    record_reversal(reversal_id=reversal.pk)


def _second_payment(order):
    payment = PaymentFactory(order=order)
    payment.capture(by=None, at=timezone.now(), reason="Twice.", transaction_no="9", code="00/00")
    payment.save()
    return payment


CAMPAIGN = (
    "INSERT INTO refunds_refundcampaign"
    " (event_id, is_selection, reason, status, created_at, started_at, totals)"
    " SELECT max(event_id), true, 'fraud', '{status}', now(), now(), '{{}}' FROM orders_order"
)
BREAKAGES = {
    "refunded_amount_is_what_went_back": ["UPDATE orders_order SET refunded_amount = 0"],
    "refund_reserved_amount_is_what_is_approved": [
        "UPDATE orders_order SET refund_reserved_amount = 0"
    ],
    "ticket_in_one_live_refund": [
        "DROP INDEX refund_one_live_per_ticket",
        "INSERT INTO refunds_refundticket (refund_id, ticket_id, order_id, is_live)"
        " SELECT r.id, t.ticket_id, t.order_id, true FROM refunds_refundticket t"
        " JOIN refunds_refund r ON r.order_id = t.order_id AND r.id <> t.refund_id",
    ],
    "refund_ticket_live_with_its_refund": ["UPDATE refunds_refundticket SET is_live = false"],
    "refund_ticket_of_its_order": [
        "ALTER TABLE refunds_refundticket DROP CONSTRAINT refund_ticket_of_refund_order",
        "ALTER TABLE refunds_refundticket DROP CONSTRAINT refund_ticket_of_order",
        "UPDATE refunds_refundticket SET order_id = (SELECT max(id) FROM orders_order)",
    ],
    "refunded_ticket_has_its_refund": ["UPDATE orders_ticket SET status = 'active'"],
    "approved_refund_bars_its_tickets": [
        "UPDATE orders_ticket SET refund_approved_at = NULL WHERE status = 'active'"
    ],
    "paid_back_refund_has_a_reversal_or_evidence": [
        "UPDATE payments_reversal SET status = 'rejected'"
    ],
    "reversal_has_one_refund": ["UPDATE refunds_refund SET reversal_id = NULL"],
    "late_money_is_owed_or_back": [
        "UPDATE payments_paymentcase SET status = 'resolved', decided_at = now()"
    ],
    "refund_percentage_is_of_the_policy": [
        "ALTER TABLE refunds_refund DROP CONSTRAINT refund_percentage_of_policy",
        "UPDATE refunds_refund SET percentage_applied = 75",
    ],
    "campaign_status_logged": [
        "INSERT INTO refunds_refundcampaign"
        " (event_id, is_selection, reason, status, created_at, started_at, totals)"
        " SELECT min(id), false, 'cancelled', 'running', now(), now(), '{}' FROM ticketing_event"
    ],
    "late_money_has_its_refund": [
        "UPDATE payments_paymentcase SET status = 'resolved', decided_at = now()",
        "INSERT INTO payments_paymentcase (kind, status, payment_id, order_id, provider, txn_ref,"
        " amount, amount_owed, description, opened_at, decision)"
        " SELECT kind, 'open', payment_id, order_id, provider, txn_ref, amount, amount_owed,"
        " description, opened_at, '' FROM payments_paymentcase",
    ],
    "refund_base_is_what_comes_back": ["UPDATE refunds_refund SET base_amount = base_amount + 1"],
    "refund_within_its_percentage": ["UPDATE refunds_refund SET percentage_applied = 60"],
    "personal_refund_takes_no_used_ticket": [
        "UPDATE orders_ticket SET used_at = now() WHERE status = 'refunded'"
    ],
    "refund_goes_back_through_its_own_payment": [
        "UPDATE payments_reversal SET payment_id = (SELECT max(id) FROM payments_payment)"
    ],
    "processing_refund_will_end": [
        "UPDATE refunds_refund SET status = 'processing' WHERE status = 'approved'"
    ],
    "running_campaign_has_a_job": [CAMPAIGN.format(status="running")],
    "campaign_orders_are_what_is_said_of_them": [
        CAMPAIGN.format(status="running"),
        "INSERT INTO refunds_campaignorder (campaign_id, order_id, status, note)"
        " SELECT max(g.id), max(o.id), 'done', '' FROM refunds_refundcampaign g, orders_order o",
    ],
    "refund_status_logged": ["DELETE FROM django_fsm_log_statelog"],
    "approved_refund_will_be_paid_back": ["DELETE FROM jobs_job"],
}
# A rule that says several things is broken in each way, and in that one only.
OTHER_WAYS = [
    (
        "refund_ticket_of_its_order",
        "ALTER TABLE refunds_refundticket DROP CONSTRAINT refund_ticket_of_refund_order",
        "UPDATE refunds_refund SET order_id = (SELECT max(id) FROM orders_order)",
    ),
    (
        "refund_ticket_of_its_order",
        "ALTER TABLE refunds_refundticket DROP CONSTRAINT refund_ticket_of_order",
        "UPDATE refunds_refundticket SET ticket_id = (SELECT max(id) FROM orders_ticket)"
        " WHERE id = (SELECT min(id) FROM refunds_refundticket)",
    ),
    (
        "refunded_ticket_has_its_refund",
        "UPDATE orders_ticket SET status = 'refunded', refund_approved_at = now()",
    ),
    ("approved_refund_bars_its_tickets", "UPDATE orders_ticket SET refund_approved_at = now()"),
    (
        "paid_back_refund_has_a_reversal_or_evidence",
        "UPDATE payments_reversal SET amount = amount - 1",
    ),
    (
        "reversal_has_one_refund",
        "UPDATE refunds_refund SET amount = amount - 1 WHERE status = 'partial'",
    ),
    (
        "reversal_has_one_refund",
        "UPDATE refunds_refund SET status = 'failed' WHERE status = 'partial'",
    ),
    (
        "refund_percentage_is_of_the_policy",
        "ALTER TABLE refunds_refundoverride DROP CONSTRAINT refund_override_percentages_of_policy",
        "INSERT INTO refunds_refundoverride (refund_id, old_percentage, new_percentage,"
        " old_amount, new_amount, actor_id, note, at) SELECT max(r.id), 75, 80, 0, 0, max(u.id),"
        " 'Why.', now() FROM refunds_refund r, auth_user u",
    ),
    (
        "refund_percentage_is_of_the_policy",
        "ALTER TABLE refunds_refundoverride DROP CONSTRAINT refund_override_percentages_of_policy",
        "INSERT INTO refunds_refundoverride (refund_id, old_percentage, new_percentage,"
        " old_amount, new_amount, actor_id, note, at) SELECT max(r.id), 80, 75, 0, 0, max(u.id),"
        " 'Why.', now() FROM refunds_refund r, auth_user u",
    ),
    (
        "refund_base_is_what_comes_back",
        "UPDATE payments_paymentcase SET amount_owed = amount_owed - 1",
    ),
    (
        "refund_goes_back_through_its_own_payment",
        "UPDATE refunds_refund SET payment_id = NULL WHERE status = 'partial'",
    ),
    (
        "refund_goes_back_through_its_own_payment",
        "UPDATE payments_payment SET order_id = (SELECT max(id) FROM orders_order)",
    ),
    (
        "refund_goes_back_through_its_own_payment",
        "UPDATE refunds_refund SET case_id = NULL, reason = 'personal' WHERE case_id IS NOT NULL",
        "UPDATE refunds_refund SET case_id = (SELECT max(id) FROM payments_paymentcase),"
        " reason = 'duplicate_payment' WHERE status = 'partial'",
    ),
    (
        "processing_refund_will_end",
        "UPDATE refunds_refund SET status = 'processing', processed_at = NULL"
        " WHERE status = 'partial'",
        "DELETE FROM jobs_job",
    ),
    (
        "campaign_orders_are_what_is_said_of_them",
        CAMPAIGN.format(status="completed")
        .replace("'{}'", "'{}', now()")
        .replace("totals)", "totals, completed_at)"),
        "INSERT INTO refunds_campaignorder (campaign_id, order_id, status, note)"
        " SELECT max(g.id), max(o.id), 'waiting', '' FROM refunds_refundcampaign g, orders_order o",
    ),
]


def test_every_rule_of_refunds_is_broken_here():
    assert set(BREAKAGES) == {rule.name for rule in RULES}


@pytest.mark.owner
@pytest.mark.parametrize(("rule", "statements"), BREAKAGES.items())
def test_a_broken_rule_is_found(world, rule, statements):
    break_by(statements)

    assert violations()[rule] > 0


@pytest.mark.owner
@pytest.mark.parametrize(("rule", "statements"), [(rule, way) for rule, *way in OTHER_WAYS])
def test_a_rule_that_is_broken_in_another_way_is_found(world, rule, statements):
    break_by(statements)

    assert violations()[rule] > 0


@pytest.mark.owner
def test_more_going_back_than_came_is_found(world):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_reversal SET amount = 100 * amount")

    assert violations()["reversals_within_their_payment"] > 0
