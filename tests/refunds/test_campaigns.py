"""A campaign gives everybody's money back, whatever happened to the order before or meanwhile."""

from __future__ import annotations

import pytest

from orders.models import Order
from orders.services import check_in
from payments.models import PaymentCase
from payments.services import settle_order
from refunds.models import Refund, RefundCampaign
from refunds.operations import campaigns
from refunds.services import (
    advance_campaign,
    approve_refund,
    mark_refund_paid,
    override_refund,
    preview_campaign,
)
from tests.factories import (
    PaymentFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
    reread,
    seats_in_area,
)
from tests.payments.reconciled import let_time_pass
from tests.refunds.campaigns import (
    begin_to_pay,
    books,
    buy,
    cancel,
    entries,
    finish,
    start,
    take_up,
)
from tests.refunds.moved import ask, tickets_of
from tests.refunds.stand_in import call_ipn, given_back, work
from tests.rules import broken_rules
from ticketing.models import Event


def test_everybody_gets_everything_back(vnpay, client, showing, event, admin):
    payments = [buy(vnpay, client, showing, count) for count in (1, 2, 3)]
    cancel(event, admin, leaves_campaign_to_us=False)
    work()

    campaign = RefundCampaign.objects.get()

    assert finish(campaign) == "completed"
    assert entries(campaign) == {"done": 3}
    for payment in payments:
        assert given_back(vnpay, payment) == [payment.amount]
        assert books(payment.order) == ("refunded", payment.amount, 0)
    assert {(each.reason, each.status) for each in Refund.objects.all()} == {
        ("cancelled", "completed")
    }
    totals = reread(campaign).totals
    assert (totals["orders"], totals["done"], totals["listed"]) == (3, 3, 0)
    assert (totals["sold"], totals["refunded"], totals["left"]) == ("3000000.00",) * 2 + ("0.00",)
    assert broken_rules() == {}


def test_a_campaign_keeps_who_started_it_and_when(payment, event, admin):
    cancel(event, admin)
    before = from_now()

    campaign = start(event, admin)

    campaign.refresh_from_db()
    assert campaign.started_by == admin
    assert before <= campaign.started_at <= from_now()


def test_one_showing_leaves_the_others_alone(vnpay, client, payment, event, admin):
    other = buy(vnpay, client, ShowingFactory(event=event))
    cancel(event, admin)

    campaign = start(event, admin, showing_id=other.order.showing_id)

    assert finish(campaign) == "completed"
    assert books(other.order) == ("refunded", 1_000_000, 0)
    assert books(payment.order) == ("paid", 0, 0)
    assert broken_rules() == {}


def test_a_selection_leaves_the_others_alone(vnpay, client, showing, payment, event, admin):
    other = buy(vnpay, client, showing)
    cancel(event, admin)

    campaign = start(event, admin, order_ids=[other.order_id])

    assert finish(campaign) == "completed"
    assert books(other.order) == ("refunded", 1_000_000, 0)
    assert books(payment.order) == ("paid", 0, 0)
    assert broken_rules() == {}


def test_an_order_refunded_in_part_before_gets_the_rest(vnpay, payment, event, admin):
    order = payment.order
    ask(order, tickets_of(order)[:1])
    work()
    assert books(order) == ("partial_refunded", 400_000, 0)
    cancel(event, admin)

    campaign = start(event, admin)

    assert finish(campaign) == "completed"
    assert given_back(vnpay, payment) == [400_000, 600_000]
    assert books(order) == ("refunded", 1_000_000, 0)
    assert entries(campaign) == {"done": 1}
    assert broken_rules() == {}


def test_an_order_whose_tickets_are_all_refunded_gets_the_money_kept_before(payment, event, admin):
    order = payment.order
    ask(order, tickets_of(order))
    work()
    cancel(event, admin)

    campaign = start(event, admin)

    assert finish(campaign) == "completed"
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_refund_in_flight_counts_and_the_rest_follows_it(
    vnpay, payment, event, admin, settings, is_sent
):
    order = payment.order
    earlier = ask(order, tickets_of(order)[:1])
    if is_sent:
        vnpay.set_weather(refund_outcome="processing_then_done")
        work(rounds=2)
        assert reread(earlier).status == "processing"
    cancel(event, admin)

    campaign = start(event, admin)
    take_up(campaign)
    campaigns.follow(campaign)

    assert entries(campaign) == {"refunding": 1}
    assert finish(campaign) == "completed"
    assert sorted(given_back(vnpay, payment)) == [400_000, 600_000]
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_a_request_that_waits_is_rejected_as_covered(payment, event, admin):
    Event.objects.update(auto_approve_refund=False)
    order = reread(payment.order)
    request = ask(order, tickets_of(order)[:1])
    assert request.status == "pending_organizer"
    cancel(event, admin)

    campaign = start(event, admin)

    assert finish(campaign) == "completed"
    assert reread(request).status == "rejected"
    assert "goes back instead" in reread(request).rejection_reason
    assert books(order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_a_rejected_request_is_explained_in_the_customers_language(payment, event, admin):
    Event.objects.update(auto_approve_refund=False)
    Order.objects.update(language="vi")
    order = reread(payment.order)
    request = ask(order, tickets_of(order)[:1])
    cancel(event, admin)

    take_up(start(event, admin))

    assert "Sự kiện không diễn ra" in reread(request).rejection_reason


def test_used_tickets_are_refunded_all_the_same(payment, event, admin):
    ticket = tickets_of(payment.order)[0]
    check_in(code=ticket.code, by=admin)
    cancel(event, admin)

    campaign = start(event, admin)

    assert finish(campaign) == "completed"
    assert reread(ticket).status == "refunded"
    assert books(payment.order) == ("refunded", 1_000_000, 0)
    assert broken_rules() == {}


def test_free_orders_are_refunded_without_asking_anybody(settings, showing, event, admin):
    settings.VNPAY_API_URL = "http://127.0.0.1:9/nobody/listens"
    order = paid_order(seats_in_area(2, showing=showing, price=0))
    cancel(event, admin)

    campaign = start(event, admin)

    assert finish(campaign) == "completed"
    assert books(order) == ("refunded", 0, 0)
    assert {ticket.status for ticket in order.tickets.all()} == {"refunded"}
    assert broken_rules() == {}


def test_a_free_ticket_goes_back_after_all_the_money_did(vnpay, client, showing, event, admin):
    """Somebody was given 100 % of the only ticket that cost anything."""
    [costly] = seats_in_area(1, showing=showing)
    [free] = seats_in_area(1, showing=showing, price=0)
    order = paid_order([costly, free])
    Event.objects.update(auto_approve_refund=False)
    order = reread(order)
    refund = ask(order, [order.tickets.get(seat=costly)])
    override_refund(refund_id=refund.pk, percentage=100, by=admin, note="Known customer.")
    approve_refund(refund_id=refund.pk, by=admin)
    cancel(event, admin)

    campaign = start(event, admin)
    take_up(campaign)

    assert Refund.objects.filter(reason="cancelled", amount=0).count() == 1
    mark_as_paid(refund, admin)
    assert finish(campaign) == "completed"
    assert entries(campaign) == {"done": 1}
    assert books(order) == ("refunded", 500_000, 0)
    assert broken_rules() == {}


def mark_as_paid(refund, admin):
    """VNPay knows nothing of this payment, so a person has to say that it is back."""
    work()
    assert reread(refund).status == "payment_failed"
    mark_refund_paid(refund_id=refund.pk, by=admin, evidence="Transfer 17.")


def test_a_campaign_waits_for_orders_that_may_yet_be_paid(showing, event, admin, vnpay):
    pending = PaymentFactory(
        order=placed_order(
            seats_in_area(1, showing=showing),
            payment_started_at=from_now(),
            expires_at=from_now(seconds=30),
        )
    )
    free = placed_order(seats_in_area(1, showing=showing))
    cancel(event, admin)
    campaign = start(event, admin)
    work()

    again_at = advance_campaign(campaign_id=campaign.pk)

    assert reread(free).status == "cancelled"
    assert reread(pending.order).status == "pending_payment"
    assert again_at is not None
    assert reread(campaign).status == "running"
    let_time_pass()
    settle_order(order_id=pending.order_id)
    assert finish(campaign) == "completed"
    assert broken_rules() == {}


def test_an_order_that_is_paid_meanwhile_is_taken_up(vnpay, client, showing, event, admin, payment):
    late = placed_order(seats_in_area(2, showing=showing))
    attempt = begin_to_pay(vnpay, late)
    Order.objects.filter(pk=late.pk).update(expires_at=from_now(seconds=45))
    cancel(event, admin)
    campaign = start(event, admin)
    take_up(campaign)
    assert campaign.orders.count() == 1

    vnpay.decide(attempt.txn_ref, "success")
    call_ipn(vnpay, client, attempt)

    assert finish(campaign) == "completed"
    assert books(late) == ("refunded", 1_000_000, 0)
    assert entries(campaign) == {"done": 2}
    assert broken_rules() == {}


def test_late_and_second_payments_go_back_by_refunds_of_their_own(
    vnpay, client, showing, event, admin, payment
):
    order = placed_order(seats_in_area(2, showing=showing))
    attempts = [begin_to_pay(vnpay, order) for _ in range(2)]
    for attempt in attempts:
        vnpay.decide(attempt.txn_ref, "success")
        call_ipn(vnpay, client, attempt)
    cancel(event, admin)
    preview = preview_campaign(event=reread(event))

    campaign = start(event, admin)

    assert preview.obstacles["second_payments"] == 1
    assert finish(campaign) == "completed"
    work()
    assert entries(campaign) == {"done": 2}
    assert [given_back(vnpay, attempt) for attempt in attempts] == [[1_000_000]] * 2
    assert books(order) == ("refunded", 1_000_000, 0)
    assert PaymentCase.objects.get().status == "resolved"
    assert broken_rules() == {}
