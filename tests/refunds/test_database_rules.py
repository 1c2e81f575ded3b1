"""What the database refuses of refunds by itself, whatever the code in front of it does."""

from __future__ import annotations

import pytest
from django.db import connection

from orders.models import Order, Ticket
from refunds.models import CampaignOrder, Refund, RefundCampaign, RefundOverride, RefundTicket
from refunds.services import override_refund, prepare_campaign, refund_case, start_campaign
from tests.factories import paid_order, seats_in_area
from tests.refunds.moved import MADE, ask, new_admin, paid_twice, rejected
from tests.rules import copied, refused
from ticketing.services import confirm_cancellation

REFUNDS = [
    ("refund_status_valid", "approved", "status = 'lost'"),
    ("refund_reason_valid", "approved", "reason = 'boredom'"),
    ("refund_basis_valid", "approved", "calculation_basis = 'mood'"),
    ("refund_percentage_of_policy", "approved", "percentage_applied = 50"),
    ("refund_percentage_of_policy", "pending_organizer", "percentage_applied = 79"),
    ("refund_amount_within_base", "approved", "amount = base_amount + 0.01"),
    ("refund_amount_within_base", "approved", "amount = -0.01"),
    ("refund_decision_at_when_decided", "requested", "decision_at = now()"),
    ("refund_decision_at_when_decided", "pending_organizer", "decision_at = now()"),
    ("refund_decision_at_when_decided", "pending_admin", "status = 'approved'"),
    ("refund_decision_at_when_decided", "pending_organizer", "status = 'processing'"),
    ("refund_decision_at_when_decided", "approved", "decision_at = NULL"),
    ("refund_decision_at_when_decided", "rejected", "status = 'requested'"),
    ("refund_rejected_with_reason", "approved", "status = 'rejected'"),
    ("refund_rejected_with_reason", "rejected", "rejection_reason = ''"),
    ("refund_rejected_with_reason", "rejected", "status = 'approved'"),
    ("refund_rejected_with_reason", "approved", "rejection_reason = 'No.'"),
    ("refund_processed_at_when_over", "approved", "processed_at = now()"),
    ("refund_processed_at_when_over", "processing", "status = 'partial'"),
    ("refund_processed_at_when_over", "payment_failed", "status = 'failed'"),
    ("refund_processed_at_when_over", "completed", "processed_at = NULL"),
    ("refund_processed_at_when_over", "partial", "status = 'processing'"),
    ("refund_completed_is_all_of_base", "completed", "amount = amount - 0.01"),
    ("refund_completed_is_all_of_base", "partial", "status = 'completed'"),
    ("refund_partial_is_less_than_base", "completed", "status = 'partial'"),
    ("refund_partial_is_less_than_base", "partial", "amount = base_amount"),
    ("refund_of_payment_has_a_case", "approved", "reason = 'late_payment'"),
    ("refund_of_payment_has_a_case", "approved", "reason = 'duplicate_payment'"),
]


@pytest.mark.parametrize(("rule", "status", "change"), REFUNDS)
def test_refunds_that_make_no_sense_are_refused(order, tickets, rule, status, change):
    refund = MADE[status](order, tickets[:1])

    refused(rule, f"UPDATE refunds_refund SET {change} WHERE id = %s", refund.pk)


OF_A_CASE = [
    ("refund_of_payment_has_a_case", "case_id = NULL"),
    ("refund_of_payment_has_a_case", "reason = 'personal'"),
]


@pytest.mark.parametrize(("rule", "change"), OF_A_CASE)
def test_the_refund_of_a_second_payment_keeps_its_case(order, rule, change):
    refund = refund_case(case_id=paid_twice(order).pk)

    refused(rule, f"UPDATE refunds_refund SET {change} WHERE id = %s", refund.pk)


ONCE = [
    ("refund_once_per_case", "case_id", {"reversal_id": "NULL"}),
    ("refund_once_per_reversal", "reversal_id", {"case_id": "NULL", "reason": "'personal'"}),
]


@pytest.mark.parametrize(("rule", "column", "changed"), ONCE)
def test_a_case_and_a_reversal_belong_to_one_refund(order, rule, column, changed):
    refund = refund_case(case_id=paid_twice(order).pk)
    reversal = MADE["processing"](order, order.tickets.all()[:1]).reversal_id
    Refund.objects.filter(reversal=reversal).update(reversal=None)
    Refund.objects.filter(pk=refund.pk).update(reversal=reversal)

    sql = f"{copied(Refund, **changed)} refunds_refund WHERE {column} IS NOT NULL"
    refused(rule, sql)

    assert Refund.objects.count() == 2


def test_a_key_of_a_request_is_used_once_for_an_order(order, tickets):
    ask(order, tickets[:1])
    Refund.objects.update(idempotency_key="5f1c")

    refused("refund_idempotency_key_unique", f"{copied(Refund)} refunds_refund")


def test_a_ticket_is_in_one_live_refund(order, tickets):
    first = rejected(order, tickets[:1])
    ask(order, tickets[:1])

    refused(
        "refund_one_live_per_ticket",
        "UPDATE refunds_refundticket SET is_live = true WHERE refund_id = %s",
        first.pk,
    )

    assert RefundTicket.objects.live().get().refund_id != first.pk


def test_a_refund_takes_a_ticket_back_once(order, tickets):
    ask(order, tickets[:1])

    refused("refund_ticket_once", f"{copied(RefundTicket, is_live='false')} refunds_refundticket")


def test_a_refund_takes_back_tickets_of_its_own_order_only(order, tickets, customer):
    ask(order, tickets[:1])
    other = paid_order(seats_in_area(1), customer=customer)
    its_ticket = other.tickets.get().pk

    refused("refund_ticket_of_order", "UPDATE refunds_refundticket SET ticket_id = %s", its_ticket)
    refused(
        "refund_ticket_of_refund_order",
        "UPDATE refunds_refundticket SET ticket_id = %s, order_id = %s",
        its_ticket,
        other.pk,
    )


def test_a_refund_does_not_move_to_another_order(order, tickets, customer):
    ask(order, tickets[:1])
    other = paid_order(seats_in_area(1), customer=customer)

    refused("refund_ticket_of_refund_order", "UPDATE refunds_refund SET order_id = %s", other.pk)


OVERRIDES = [
    ("refund_override_percentages_of_policy", "new_percentage = 50"),
    ("refund_override_percentages_of_policy", "old_percentage = 79"),
    ("refund_override_has_a_note", "note = ''"),
]


@pytest.mark.owner
@pytest.mark.parametrize(("rule", "change"), OVERRIDES)
def test_overrides_that_make_no_sense_are_refused(order, tickets, rule, change):
    refund = ask(order, tickets[:1])
    override_refund(refund_id=refund.pk, percentage=100, by=new_admin(), note="Our fault.")

    refused(rule, f"UPDATE {RefundOverride._meta.db_table} SET {change}")


AT_MOST_TOTAL = "order_refunds_and_reserved_at_most_total"
MONEY = [
    (AT_MOST_TOTAL, "approved", "refund_reserved_amount = total_amount + 0.01"),
    (AT_MOST_TOTAL, "approved", "refund_reserved_amount = -0.01"),
    (AT_MOST_TOTAL, "approved", "refunded_amount = total_amount - 399999.99"),
    (AT_MOST_TOTAL, "partial", "refund_reserved_amount = total_amount - refunded_amount + 0.01"),
    (AT_MOST_TOTAL, "partial", "total_amount = refunded_amount, refund_reserved_amount = 0.01"),
    ("order_refunded_at_most_total", "partial", "refunded_amount = total_amount + 0.01"),
    ("order_refunded_at_most_total", "partial", "refunded_amount = -0.01"),
]


@pytest.mark.parametrize(("rule", "status", "change"), MONEY)
def test_no_more_goes_back_than_was_paid(order, tickets, rule, status, change):
    MADE[status](order, tickets[:1])
    table = Order._meta.db_table

    refused(rule, f"UPDATE {table} SET {change} WHERE id = %s", order.pk)


@pytest.mark.parametrize("status", ["pending_organizer", "rejected", "payment_failed"])
def test_a_ticket_is_not_refunded_before_its_refund_was_approved(order, tickets, status):
    MADE[status](order, tickets[:1])
    table = Ticket._meta.db_table
    changes = {
        "pending_organizer": "status = 'refunded'",
        "rejected": "status = 'refunded'",
        "payment_failed": "status = 'refunded', refund_approved_at = NULL",
    }

    refused(
        "ticket_refunded_after_approval",
        f"UPDATE {table} SET {changes[status]} WHERE id = %s",
        tickets[0].pk,
    )


def test_a_refunded_ticket_keeps_the_time_of_its_approval(order, tickets):
    MADE["partial"](order, tickets[:1])

    refused("ticket_refunded_after_approval", "UPDATE orders_ticket SET refund_approved_at = NULL")


@pytest.fixture
def campaign(order):
    """A draft with the order on its list."""
    confirm_cancellation(event_id=order.event_id, by=new_admin(), reason="The house burnt down.")
    campaign = prepare_campaign(event_id=order.event_id, reason="cancelled", by=None)
    CampaignOrder.objects.create(campaign=campaign, order=order)
    return campaign


CAMPAIGNS = [
    ("campaign_status_valid", "status = 'lost', started_at = now()"),
    ("campaign_reason_is_for_whole_orders", "reason = 'personal'"),
    ("campaign_reason_is_for_whole_orders", "reason = 'late_payment'"),
    ("campaign_started_at_unless_draft", "started_at = now()"),
    ("campaign_started_at_unless_draft", "status = 'running'"),
    ("campaign_completed_at_when_completed", "completed_at = now()"),
    ("campaign_completed_at_when_completed", "status = 'completed', started_at = now()"),
]


@pytest.mark.parametrize(("rule", "change"), CAMPAIGNS)
def test_campaigns_that_make_no_sense_are_refused(campaign, rule, change):
    refused(rule, f"UPDATE {RefundCampaign._meta.db_table} SET {change}")


def test_a_started_campaign_is_no_draft_again(campaign):
    start_campaign(campaign_id=campaign.pk, by=None, reason="The house burnt down.")

    refused(
        "campaign_started_at_unless_draft", "UPDATE refunds_refundcampaign SET status = 'draft'"
    )


def test_an_event_has_one_campaign_of_all_its_orders_for_a_reason(campaign):
    sql = f"{copied(RefundCampaign)} refunds_refundcampaign"

    refused("campaign_once_per_event_and_reason", sql)

    with connection.cursor() as cursor:
        cursor.execute(f"{copied(RefundCampaign, is_selection='true')} refunds_refundcampaign")
    assert RefundCampaign.objects.count() == 2


LISTED = [
    ("campaign_order_status_valid", "status = 'lost'"),
    ("campaign_order_listed_with_a_note", "status = 'listed'"),
]


@pytest.mark.parametrize(("rule", "change"), LISTED)
def test_entries_of_campaigns_that_make_no_sense_are_refused(campaign, rule, change):
    refused(rule, f"UPDATE {CampaignOrder._meta.db_table} SET {change}")


def test_an_order_is_on_a_campaigns_list_once(campaign):
    refused("campaign_order_once", f"{copied(CampaignOrder)} refunds_campaignorder")


TRIED_ONE_BY_ONE = {
    "refund_once_per_case",
    "refund_once_per_reversal",
    "refund_idempotency_key_unique",
    "refund_one_live_per_ticket",
    "refund_ticket_once",
    "refund_ticket_of_order",
    "refund_ticket_of_refund_order",
    "campaign_once_per_event_and_reason",
    "campaign_order_once",
}
ONLY_FOR_REFERENCES = {"refund_with_order"}  # the primary key rules it out before


def test_every_rule_of_refunds_is_tried_here():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid::regclass::text LIKE 'refunds_%'"
            " UNION SELECT indexrelid::regclass::text FROM pg_index"
            " WHERE indisunique AND indrelid::regclass::text LIKE 'refunds_%'"
        )
        named = {row[0] for row in cursor.fetchall() if not row[0].startswith("refunds_")}

    tables = [REFUNDS, OF_A_CASE, OVERRIDES, CAMPAIGNS, LISTED]
    tried = {rule for table in tables for rule, *_ in table}
    assert tried | TRIED_ONE_BY_ONE | ONLY_FOR_REFERENCES == {
        name for name in named if not name.endswith("_not_null")
    }
