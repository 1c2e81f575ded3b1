"""Approved money goes back through the real protocol, once, or a person is asked."""

from __future__ import annotations

import pytest

from jobs.models import Job
from orders.errors import TicketNotValid
from orders.models import Order
from orders.services import check_in, place_order
from payments.errors import CaseBeingPaidBack
from payments.models import Payment, PaymentCase, Reversal
from payments.providers import Customer
from payments.services import resolve_case, settle_order, start_payment
from refunds.errors import NoteRequired, RefundNotFailed
from refunds.models import Refund
from refunds.policy import Reason
from refunds.services import (
    approve_refund,
    mark_refund_failed,
    mark_refund_paid,
    pay_back,
    refund_case,
    retry_refund,
)
from tests.factories import (
    CustomerFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
    reread,
    seats_in_area,
)
from tests.payments.reconciled import let_time_pass
from tests.payments.reversed import advance, let_reversals_wait
from tests.refunds.moved import ask, postpone
from tests.refunds.stand_in import (
    bought,
    call_ipn,
    dead_jobs,
    given_back,
    wait_for_the_bank,
    work,
)
from tests.refunds.test_requests import everything
from tests.rules import broken_rules
from tests.sandbox.protocol import link
from ticketing.errors import NotAllowed
from ticketing.models import Event, Seat, Showing
from ticketing.services import confirm_cancellation


@pytest.fixture
def payment(vnpay, client, showing, customer):
    """It paid two tickets of 500,000 VND; the event approves refunds by itself."""
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=True)
    return bought(vnpay, client, showing, customer)


def tickets_of(payment):
    return list(payment.order.tickets.order_by("pk"))


def order_is(order, status, refunded, reserved=0):
    now = reread(order)
    assert (now.status, now.refunded_amount, now.refund_reserved_amount) == (
        status,
        refunded,
        reserved,
    )


def test_money_tickets_seats_and_order_follow_a_refund(vnpay, payment):
    first, second = tickets_of(payment)

    refund = ask(payment.order, [first])
    work()

    assert reread(refund).status == "partial"
    assert given_back(vnpay, payment) == [400_000]
    order_is(payment.order, "partial_refunded", 400_000)
    assert [reread(first).status, reread(second).status] == ["refunded", "active"]
    assert [reread(first.seat).status, reread(second.seat).status] == ["available", "sold"]
    assert reread(refund).processed_at is not None
    assert reread(refund).payment == payment
    assert dead_jobs() == []
    assert broken_rules() == {}


def test_the_refunded_seat_is_sold_again_at_once_and_the_old_ticket_is_refused(
    vnpay, payment, client
):
    ticket = tickets_of(payment)[0]
    ask(payment.order, [ticket])
    work()

    other = CustomerFactory()
    order = place_order(customer=other, showing=payment.order.showing, seat_ids=[ticket.seat_id])
    again = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
    vnpay.open(link(dict(again.provider_request)))
    vnpay.decide(again.txn_ref, "success")
    call_ipn(vnpay, client, again)

    assert order.tickets.get().seat_id == ticket.seat_id
    with pytest.raises(TicketNotValid):
        check_in(code=ticket.code, by=other)
    assert check_in(code=order.tickets.get().code, by=other).status == "used"
    assert broken_rules() == {}


def test_several_refunds_of_one_order_go_back_one_after_another(vnpay, payment):
    """VNPay takes one refund of a payment at a time."""
    refunds = [ask(payment.order, [ticket]) for ticket in tickets_of(payment)]

    work()

    assert [reread(refund).status for refund in refunds] == ["partial", "partial"]
    assert given_back(vnpay, payment) == [400_000, 400_000]
    order_is(payment.order, "partial_refunded", 800_000)
    assert broken_rules() == {}


def test_free_tickets_come_back_without_the_provider(showing, customer):
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=True)
    order = paid_order(seats_in_area(2, showing=showing, price=0), customer=customer)
    ticket = order.tickets.order_by("pk").first()

    first = ask(order, [ticket])
    work()

    assert reread(first).status == "completed"
    order_is(order, "partial_refunded", 0)
    ask(order)
    work()
    order_is(order, "refunded", 0)
    assert not Reversal.objects.exists()
    assert broken_rules() == {}


def test_a_free_refund_that_is_through_wakes_the_next_one_and_not_itself(showing, customer):
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=True)
    order = paid_order(seats_in_area(2, showing=showing, price=0), customer=customer)
    first, second = (ask(order, [ticket]) for ticket in order.tickets.order_by("pk"))

    pay_back(refund_id=first.pk)

    woken = Job.objects.filter(topic="refunds.pay_back").order_by("pk")
    assert list(woken.values_list("payload__refund_id", flat=True)) == [
        first.pk,
        second.pk,
        second.pk,
    ]


TAKEN = {
    "done at once": {"refund_outcome": "done"},
    "done later": {"refund_outcome": "processing_then_done"},
    "94 although it was taken": {"refund_94": "done"},
    "98 although it was taken": {"refund_98": "done"},
    "99 although it was taken": {"refund_99": "done"},
    "the answer is lost": {"answer_lost": True},
}


@pytest.mark.parametrize("weather", TAKEN.values(), ids=TAKEN)
def test_money_goes_back_exactly_once_whatever_the_provider_answers(vnpay, payment, weather):
    vnpay.set_weather(**{name: {"value": value, "times": 1} for name, value in weather.items()})

    refund = ask(payment.order)

    assert wait_for_the_bank(refund) == "partial"
    assert given_back(vnpay, payment) == [800_000]
    order_is(payment.order, "partial_refunded", 800_000)
    assert broken_rules() == {}


def test_what_is_refused_as_a_full_refund_goes_back_as_a_partial_one(vnpay, payment, admin):
    vnpay.set_weather(refund_13={"value": True, "times": 1})

    confirm_cancellation(event_id=payment.order.event_id, by=admin, reason="The house burnt down.")
    work()

    order_is(payment.order, "refunded", 1_000_000)
    [refund] = vnpay.transaction(payment.txn_ref)["refunds"]
    assert (refund["transaction_type"], refund["amount"]) == ("03", 100_000_000)
    assert broken_rules() == {}


REFUSED = {
    "accepted, then rejected": {"refund_outcome": "processing_then_rejected"},
    "94": {"refund_94": True},
    "98": {"refund_98": True},
    "99": {"refund_99": True},
    "13, although it was partial": {"refund_13": True},
}


@pytest.mark.parametrize("weather", REFUSED.values(), ids=REFUSED)
def test_a_person_is_asked_with_all_there_is_to_know(vnpay, payment, weather, admin):
    vnpay.set_weather(**weather)

    refund = ask(payment.order)

    assert wait_for_the_bank(refund) == "payment_failed"
    assert given_back(vnpay, payment) == []
    error = reread(refund).provider_error
    assert error["txn_ref"] == payment.txn_ref
    assert error["transaction_no"] == payment.provider_transaction_no
    assert error["message"]
    assert error["answer"]
    order_is(payment.order, "paid", 0, reserved=800_000)
    assert [reread(ticket).status for ticket in tickets_of(payment)] == ["active", "active"]
    assert broken_rules() == {}


def test_whoever_is_asked_about_money_that_is_yet_to_be_sent_knows_how_to_stop_it(
    vnpay, payment, settings, admin
):
    vnpays_address, settings.VNPAY_API_URL = settings.VNPAY_API_URL, "http://127.0.0.1:9/nobody"
    refund = ask(payment.order)
    work()
    let_reversals_wait(days=1)
    advance(Reversal.objects.get())
    assert wait_for_the_bank(refund) == "payment_failed"
    assert "mark the refund as paid before" in reread(refund).provider_error["message"]

    mark_refund_paid(refund_id=refund.pk, by=admin, evidence="Bank transfer, ordered at noon.")

    settings.VNPAY_API_URL = vnpays_address
    advance(Reversal.objects.get())
    work()
    assert given_back(vnpay, payment) == []
    order_is(payment.order, "partial_refunded", 800_000)
    assert broken_rules() == {}


def test_whoever_is_asked_about_money_in_doubt_is_told_that_the_provider_is_silent(
    vnpay, payment, admin
):
    vnpay.set_weather(answer_lost=True, query_99=True)
    refund = ask(payment.order)
    work()

    let_reversals_wait(days=1)
    advance(Reversal.objects.get())

    assert wait_for_the_bank(refund) == "payment_failed"
    assert reread(refund).provider_error["message"] == "The provider does not say what it did."
    assert broken_rules() == {}


@pytest.fixture
def failed(vnpay, payment):
    """VNPay answers 99 and did nothing: nobody knows for certain."""
    vnpay.set_weather(refund_99=True)
    refund = ask(payment.order)
    assert wait_for_the_bank(refund) == "payment_failed"
    vnpay.set_weather(refund_99=None)
    return reread(refund)


def test_an_admin_who_looked_it_up_tries_again(vnpay, payment, failed, admin):
    retry_refund(refund_id=failed.pk, by=admin, note="The portal shows no refund.")

    assert wait_for_the_bank(failed) == "partial"
    assert given_back(vnpay, payment) == [800_000]
    assert sorted(Reversal.objects.values_list("status", flat=True)) == ["rejected", "succeeded"]
    assert broken_rules() == {}


def test_an_admin_records_money_that_went_another_way(vnpay, payment, failed, admin):
    mark_refund_paid(refund_id=failed.pk, by=admin, evidence="Bank transfer FT26325001.")

    assert reread(failed).status == "partial"
    assert reread(failed).payout_evidence == "Bank transfer FT26325001."
    order_is(payment.order, "partial_refunded", 800_000)
    assert [reread(ticket).status for ticket in tickets_of(payment)] == ["refunded", "refunded"]
    work()
    assert given_back(vnpay, payment) == []
    assert broken_rules() == {}


def test_an_admin_gives_up_and_the_customer_may_ask_again(vnpay, payment, failed, admin):
    mark_refund_failed(refund_id=failed.pk, by=admin, reason="The card was stolen.")

    assert reread(failed).status == "failed"
    order_is(payment.order, "paid", 0)
    assert [reread(each).refund_approved_at for each in tickets_of(payment)] == [None, None]
    again = ask(payment.order)
    assert wait_for_the_bank(again) == "partial"
    assert given_back(vnpay, payment) == [800_000]
    assert broken_rules() == {}


def test_a_retry_that_sends_nothing_is_refused_and_says_why(order, admin):
    """A second charge that no payment of ours stands for can only be given back by hand."""
    case = PaymentCase.objects.create(
        kind="duplicate", order=order, provider="vnpay", txn_ref="ELSEWHERE1", amount=1_500_000,
        amount_owed=1_500_000, description="Charged twice.", opened_at=from_now(),
    )  # fmt: skip
    refund = refund_case(case_id=case.pk)
    pay_back(refund_id=refund.pk)
    assert reread(refund).status == "payment_failed"
    before = everything()

    with pytest.raises(RefundNotFailed, match="look ELSEWHERE1 up at the provider"):
        retry_refund(refund_id=refund.pk, by=admin, note="The portal shows no refund.")

    assert everything() == before
    mark_refund_paid(refund_id=refund.pk, by=admin, evidence="Given back in the portal.")
    assert reread(refund).status == "completed"
    assert broken_rules() == {}


def settled_by_hand():
    return {retry_refund: "note", mark_refund_paid: "evidence", mark_refund_failed: "reason"}


@pytest.mark.parametrize("action", settled_by_hand())
def test_only_admins_with_a_note_settle_a_failed_refund(failed, organizer, admin, action):
    name = settled_by_hand()[action]
    before = everything()

    with pytest.raises(NotAllowed):
        action(refund_id=failed.pk, by=organizer, **{name: "Looked up."})
    with pytest.raises(NoteRequired):
        action(refund_id=failed.pk, by=admin, **{name: " "})

    assert everything() == before


@pytest.mark.parametrize("action", settled_by_hand())
def test_only_a_failed_refund_is_settled_by_hand(vnpay, payment, admin, action):
    refund = ask(payment.order)
    name = settled_by_hand()[action]
    before = everything()

    with pytest.raises(RefundNotFailed):
        action(refund_id=refund.pk, by=admin, **{name: "Looked up."})

    assert everything() == before


def test_the_provider_is_down_for_an_hour_and_then_pays_back_once(vnpay, payment, settings):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 0
    vnpay.set_weather(api_down=True)
    refund = ask(payment.order)
    work()
    assert reread(refund).status == "processing"
    assert reread(refund).reversal.status == "unknown"

    vnpay.set_weather(api_down=None)
    admin = CustomerFactory(is_superuser=True)
    assert wait_for_the_bank(refund) == "payment_failed"  # VNPay knows of no refund: a person looks
    retry_refund(refund_id=refund.pk, by=admin, note="It was down; the portal shows nothing.")

    assert wait_for_the_bank(refund) == "partial"
    assert given_back(vnpay, payment) == [800_000]
    assert broken_rules() == {}


def test_late_money_goes_back_in_full_by_itself(vnpay, client, showing, customer):
    order = placed_order(seats_in_area(2, showing=showing), customer=customer)
    payment = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
    let_time_pass(minutes=80)
    settle_order(order_id=order.pk)
    vnpay.open(link(dict(payment.provider_request)))
    vnpay.decide(payment.txn_ref, "success", late=True)
    call_ipn(vnpay, client, payment)
    assert PaymentCase.objects.get().kind == "late"

    work()

    refund = Refund.objects.get()
    assert (refund.reason, refund.status, refund.amount) == ("late_payment", "completed", 1_000_000)
    assert given_back(vnpay, payment) == [1_000_000]
    case = PaymentCase.objects.get()
    assert (case.status, case.decision) == (
        "resolved",
        f"Given back in full by refund {refund.pk}.",
    )
    order_is(order, reread(order).status, 0)
    assert broken_rules() == {}


@pytest.fixture
def late(vnpay, client, showing, customer):
    """Money that came after its order had expired, and whose refund is approved."""
    order = placed_order(seats_in_area(1, showing=showing), customer=customer)
    payment = start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
    let_time_pass(minutes=80)
    settle_order(order_id=order.pk)
    vnpay.open(link(dict(payment.provider_request)))
    vnpay.decide(payment.txn_ref, "success", late=True)
    call_ipn(vnpay, client, payment)
    case = PaymentCase.objects.get()
    assert refund_case(case_id=case.pk).status == "approved"
    return case


def test_late_money_that_is_back_is_not_owed_again_when_its_order_is_settled_once_more(vnpay, late):
    work()
    assert reread(late).status == "resolved"

    assert settle_order(order_id=late.order_id) is None
    work()

    assert PaymentCase.objects.get() == late
    assert given_back(vnpay, late.payment) == [500_000]
    assert broken_rules() == {}


def test_late_money_that_somebody_gave_back_by_hand_is_not_sent_as_well(vnpay, late, admin):
    resolve_case(case_id=late.pk, by=admin, decision="Bank transfer FT26325002.")

    work()

    refund = Refund.objects.get()
    assert refund.status == "payment_failed"
    assert "FT26325002" in refund.provider_error["message"]
    assert given_back(vnpay, late.payment) == []
    mark_refund_paid(refund_id=refund.pk, by=admin, evidence="Bank transfer FT26325002.")
    assert reread(refund).status == "completed"
    assert broken_rules() == {}


def test_a_case_whose_money_is_on_its_way_is_not_resolved_by_hand(vnpay, late, admin):
    pay_back(refund_id=Refund.objects.get().pk)
    before = everything()

    with pytest.raises(CaseBeingPaidBack):
        resolve_case(case_id=late.pk, by=admin, decision="Bank transfer FT26325002.")

    assert everything() == before
    work()
    assert given_back(vnpay, late.payment) == [500_000]
    assert reread(late).status == "resolved"
    assert broken_rules() == {}


def test_a_second_payment_goes_back_in_full_and_the_tickets_stay(vnpay, client, showing, customer):
    order = placed_order(seats_in_area(1, showing=showing), customer=customer)
    payments = [
        start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
        for _ in range(2)
    ]
    for payment in payments:
        vnpay.open(link(dict(payment.provider_request)))
        vnpay.decide(payment.txn_ref, "success")
        call_ipn(vnpay, client, payment)

    work()

    refund = Refund.objects.get()
    assert (refund.reason, refund.status) == ("duplicate_payment", "completed")
    assert [given_back(vnpay, payment) for payment in payments] == [[], [500_000]]
    assert order.tickets.get().status == "active"
    order_is(order, "paid", 0)
    assert broken_rules() == {}


def test_an_orders_money_goes_back_through_the_attempt_that_paid_it_and_not_an_earlier_one(
    vnpay, client, showing, customer
):
    Event.objects.filter(pk=showing.event_id).update(auto_approve_refund=True)
    order = placed_order(seats_in_area(1, showing=showing), customer=customer)
    payments = [
        start_payment(order_id=order.pk, provider="vnpay", customer=Customer("127.0.0.1"))
        for _ in range(2)
    ]
    for payment in reversed(payments):
        vnpay.open(link(dict(payment.provider_request)))
        vnpay.decide(payment.txn_ref, "success")
        call_ipn(vnpay, client, payment)
    work()

    refund = ask(order)
    work()

    assert reread(refund).payment == payments[1]
    assert [given_back(vnpay, payment) for payment in payments] == [[500_000], [400_000]]
    order_is(order, "partial_refunded", 400_000)
    assert broken_rules() == {}


def test_the_seats_of_a_cancelled_event_are_not_sold_again(vnpay, payment, admin):
    confirm_cancellation(event_id=payment.order.event_id, by=admin, reason="The house burnt down.")
    work()

    order_is(payment.order, "refunded", 1_000_000)
    assert given_back(vnpay, payment) == [1_000_000]
    assert [reread(each.seat).status for each in tickets_of(payment)] == ["sold", "sold"]
    assert broken_rules() == {}


def let_its_date_pass(showing):
    """It was to take place ten days ago; when it does, nobody knows."""
    Showing.objects.filter(pk=showing.pk).update(
        ticket_sale_start=from_now(days=-30),
        ticket_sale_end=from_now(days=-11),
        starts_at=from_now(days=-10),
        ends_at=from_now(days=-9),
    )


def test_the_seats_of_a_postponed_event_are_for_sale_again_although_its_date_has_passed(
    vnpay, payment, admin
):
    order, seats = payment.order, [ticket.seat_id for ticket in tickets_of(payment)]
    postpone(order.event_id)
    let_its_date_pass(order.showing)
    Showing.objects.update(ends_at=from_now())  # but not before it was put off

    refund = ask(order, reason=Reason.POSTPONED)
    approve_refund(refund_id=refund.pk, by=admin)
    work()

    assert reread(refund).status == "partial"
    assert set(Seat.objects.filter(pk__in=seats).values_list("status", flat=True)) == {"available"}
    assert broken_rules() == {}


def test_the_seats_of_a_past_showing_are_not_sold_again(vnpay, payment, admin):
    order, seats = payment.order, [ticket.seat_id for ticket in tickets_of(payment)]
    refund = ask(order)
    let_its_date_pass(order.showing)

    work()

    assert reread(refund).status == "partial"
    assert set(Seat.objects.filter(pk__in=seats).values_list("status", flat=True)) == {"sold"}
    assert broken_rules() == {}


def test_the_seats_of_a_night_that_took_place_stay_sold_though_the_others_are_put_off(
    vnpay, payment, admin
):
    order, seats = payment.order, [ticket.seat_id for ticket in tickets_of(payment)]
    refund = ask(order)
    let_its_date_pass(order.showing)
    ShowingFactory(event=order.event)
    postpone(order.event_id)

    work()

    assert reread(refund).status == "partial"
    assert set(Seat.objects.filter(pk__in=seats).values_list("status", flat=True)) == {"sold"}
    assert broken_rules() == {}


def test_no_money_goes_back_before_the_organizer_approves(vnpay, payment, organizer):
    Event.objects.filter(pk=payment.order.event_id).update(auto_approve_refund=False)
    refund = ask(payment.order)
    work()
    assert given_back(vnpay, payment) == []

    approve_refund(refund_id=refund.pk, by=organizer)
    work()

    assert given_back(vnpay, payment) == [800_000]
    assert Payment.objects.get(pk=payment.pk).reversed_amount == 800_000
    assert Order.objects.get(pk=payment.order_id).refunded_amount == 800_000
    assert from_now() > reread(refund).processed_at
