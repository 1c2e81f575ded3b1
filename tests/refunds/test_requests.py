"""Customers ask what a refund would bring, and ask for it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django_fsm_log.models import StateLog

from jobs.models import Job
from orders.models import Order
from orders.services import check_in
from refunds.models import Refund, RefundTicket
from refunds.services import approve_refund, override_refund
from tests.factories import (
    EventFactory,
    ShowingFactory,
    from_now,
    paid_order,
    placed_order,
    reread,
    seats_in_area,
    showing_with_sale_end,
)
from tests.refunds.moved import approve_by_itself
from tests.rules import broken_rules


def quotes(order):
    return f"/api/v1/orders/{order.code}/refund-quotes/"


def refunds(order):
    return f"/api/v1/orders/{order.code}/refunds/"


def everything():
    """All that asking could change."""
    return [
        list(Refund.objects.order_by("pk").values()),
        list(RefundTicket.objects.order_by("pk").values()),
        list(Order.objects.order_by("pk").values()),
        StateLog.objects.count(),
        Job.objects.count(),
    ]


def postpone(order):
    event = reread(order.event)
    event.postpone(by=None, at=from_now(), reason="The singer is ill.")
    event.save()


def test_a_quote_says_how_much_and_why_and_changes_nothing(api, order, tickets):
    before = everything()

    answer = api.post(
        quotes(order),
        {"reason": "personal", "tickets": [tickets[0].code]},
        headers={"Accept-Language": "en"},
    )

    assert answer.status_code == 200
    assert (answer.data["percentage"], answer.data["base_amount"]) == (80, "500000.00")
    assert (answer.data["amount"], answer.data["currency"]) == ("400000.00", "VND")
    assert answer.data["calculation_basis"] == "tickets"
    assert answer.data["decided_by"] == "organizer"
    assert answer.data["tickets"] == [tickets[0].code]
    assert all(step["text"] for step in answer.data["explanation"])
    assert everything() == before


def test_the_explanation_comes_in_the_language_asked_for(api, order):
    wish = {"reason": "personal"}

    english = api.post(quotes(order), wish, headers={"Accept-Language": "en"}).data
    vietnamese = api.post(quotes(order), wish, headers={"Accept-Language": "vi"}).data

    in_english = [step["text"] for step in english["explanation"]]
    in_vietnamese = [step["text"] for step in vietnamese["explanation"]]
    assert all(en != vi for en, vi in zip(in_english, in_vietnamese, strict=True))


def test_a_request_brings_what_the_quote_said(api, order, tickets):
    wish = {"reason": "personal", "tickets": [tickets[0].code, tickets[2].code]}
    quote = api.post(quotes(order), wish).data

    refund = api.post(refunds(order), wish)

    assert refund.status_code == 201
    same = ["percentage", "base_amount", "amount", "currency", "calculation_basis", "tickets"]
    assert {name: refund.data[name] for name in same} == {name: quote[name] for name in same}
    assert refund.data["amount"] == "800000.00"


def test_without_tickets_all_that_can_go_back_goes_back(api, order, tickets):
    check_in(code=tickets[1].code, by=order.customer)

    answer = api.post(refunds(order), {"reason": "personal"})

    assert answer.status_code == 201
    assert answer.data["tickets"] == [tickets[0].code, tickets[2].code]
    assert answer.data["amount"] == "800000.00"


def test_a_personal_reason_waits_for_the_organizer(api, order):
    answer = api.post(refunds(order), {"reason": "personal"})

    assert answer.data["status"] == "pending_organizer"
    assert reread(order).refund_reserved_amount == 0
    assert not Job.objects.filter(topic="refunds.pay_back").exists()


def test_a_personal_reason_is_approved_at_once_where_the_event_says_so(api, order, tickets):
    approve_by_itself(order)

    answer = api.post(refunds(order), {"reason": "personal", "tickets": [tickets[0].code]})

    assert answer.data["status"] == "approved"
    assert reread(order).refund_reserved_amount == 400_000
    assert reread(order).refunded_amount == 0
    assert reread(tickets[0]).refund_approved_at is not None
    assert reread(tickets[1]).refund_approved_at is None
    [job] = Job.objects.filter(topic="refunds.pay_back")
    assert job.payload == {"refund_id": answer.data["id"]}


def test_a_postponed_event_gives_nine_tenths_of_the_order_and_the_platform_decides(api, order):
    approve_by_itself(order)
    postpone(order)

    answer = api.post(refunds(order), {"reason": "postponed"})

    assert answer.data["status"] == "pending_admin"
    assert (answer.data["percentage"], answer.data["amount"]) == (90, "1350000.00")
    assert answer.data["calculation_basis"] == "order_total"
    assert len(answer.data["tickets"]) == 3


def test_what_went_back_before_is_part_of_the_nine_tenths(api, order, tickets):
    approve_by_itself(order)
    api.post(refunds(order), {"reason": "personal", "tickets": [tickets[0].code]})
    postpone(order)

    answer = api.post(refunds(order), {"reason": "postponed"})

    assert answer.data["amount"] == "950000.00"  # 1,350,000 less 400,000
    assert answer.data["tickets"] == [tickets[1].code, tickets[2].code]


def test_whoever_waits_for_an_organizer_need_not_once_the_event_is_postponed(api, order, tickets):
    wish = {"reason": "personal", "tickets": [tickets[0].code]}
    waiting = Refund.objects.get(pk=api.post(refunds(order), wish).data["id"])
    postpone(order)
    before = everything()
    quote = api.post(quotes(order), {"reason": "postponed"}).data
    assert everything() == before

    answer = api.post(refunds(order), {"reason": "postponed"})

    assert (answer.status_code, answer.data["status"]) == (201, "pending_admin")
    assert answer.data["amount"] == quote["amount"] == "1350000.00"
    assert answer.data["tickets"] == quote["tickets"] == [each.code for each in tickets]
    waiting = reread(waiting)
    assert (waiting.status, waiting.tickets.live().count()) == ("rejected", 0)
    assert "Your later request" in waiting.rejection_reason
    assert broken_rules() == {}


@pytest.mark.parametrize("address", [quotes, refunds], ids=["quote", "request"])
class TestRefusals:
    """A quote refuses what a request would, and nothing changes."""

    def refuse(self, api, address, order, wish):
        before = everything()
        answer = api.post(address(order), wish)
        assert answer.status_code == 409, answer.data
        assert everything() == before
        return answer.data

    def test_too_late_for_a_personal_reason(self, api, address, customer):
        showing = showing_with_sale_end(hours=120, seconds=-5)
        order = paid_order(seats_in_area(1, showing=showing), customer=customer)

        problem = self.refuse(api, address, order, {"reason": "personal"})

        assert problem["code"] == "refund-window-closed"
        assert problem["closed_at"]

    def test_a_used_ticket(self, api, address, order, tickets):
        check_in(code=tickets[0].code, by=order.customer)
        wish = {"reason": "personal", "tickets": [each.code for each in tickets]}

        problem = self.refuse(api, address, order, wish)

        assert problem["code"] == "ticket-not-refundable"
        assert problem["tickets"] == [tickets[0].code]

    def test_a_ticket_in_another_request(self, api, address, order, tickets):
        api.post(refunds(order), {"reason": "personal", "tickets": [tickets[0].code]})
        wish = {"reason": "personal", "tickets": [tickets[0].code, tickets[1].code]}

        problem = self.refuse(api, address, order, wish)

        assert (problem["code"], problem["tickets"]) == (
            "ticket-not-refundable",
            [tickets[0].code],
        )

    def test_a_whole_order_that_was_asked_back_before(self, api, address, order):
        postpone(order)
        api.post(refunds(order), {"reason": "postponed"})

        problem = self.refuse(api, address, order, {"reason": "postponed"})

        assert problem["code"] == "ticket-not-refundable"

    def test_a_whole_order_that_was_asked_back_without_any_ticket_left(self, api, address, order):
        approve_by_itself(order)
        api.post(refunds(order), {"reason": "personal"})
        postpone(order)
        missing = api.post(refunds(order), {"reason": "postponed"}).data
        assert (missing["amount"], missing["tickets"]) == ("150000.00", [])

        problem = self.refuse(api, address, order, {"reason": "postponed"})

        assert (problem["code"], problem["tickets"]) == ("ticket-not-refundable", [])

    def test_nothing_left(self, api, address, order):
        api.post(refunds(order), {"reason": "personal"})

        problem = self.refuse(api, address, order, {"reason": "personal"})

        assert problem["code"] == "nothing-to-refund"

    def test_a_whole_order_of_which_its_part_went_back_for_one_ticket(
        self, api, address, customer, showing, admin
    ):
        [dear], [cheap] = [
            seats_in_area(1, showing=showing, price=price) for price in (900_000, 100_000)
        ]
        order = paid_order([dear, cheap], customer=customer)
        wishes = [{"reason": "personal", "tickets": [t.code]} for t in order.tickets.order_by("pk")]
        refund_id, _waits = [api.post(refunds(order), wish).data["id"] for wish in wishes]
        override_refund(refund_id=refund_id, percentage=100, by=admin, note="Our fault.")
        approve_refund(refund_id=refund_id, by=admin)
        postpone(order)

        problem = self.refuse(api, address, order, {"reason": "postponed"})

        assert problem["code"] == "nothing-to-refund"
        assert order.tickets.valid().get().seat == cheap

    def test_an_order_that_nobody_paid(self, api, address, customer, showing):
        order = placed_order(seats_in_area(1, showing=showing), customer=customer)

        problem = self.refuse(api, address, order, {"reason": "personal"})

        assert problem["code"] == "nothing-to-refund"

    def test_postponed_while_the_event_is_not(self, api, address, order):
        problem = self.refuse(api, address, order, {"reason": "postponed"})

        assert problem["code"] == "refund-not-offered"

    def test_a_fraud_that_an_admin_has_to_say_whom_it_concerns(self, api, address, order):
        event = reread(order.event)
        event.investigate(by=None, at=from_now(), reason="A tip.")
        event.confirm_fraud(by=None, at=from_now(), reason="It was one.")
        event.save()

        problem = self.refuse(api, address, order, {"reason": "personal"})

        assert problem["code"] == "refund-not-offered"
        assert "Every order that is affected" in problem["detail"]
        assert "goes back" not in problem["detail"]

    @pytest.mark.parametrize("reason", ["cancelled", "fraud"])
    def test_reasons_of_the_platform(self, api, address, order, reason):
        problem = self.refuse(api, address, order, {"reason": reason})

        assert problem["code"] == "refund-not-offered"

    def test_a_cancelled_event_whose_money_goes_back_by_itself(self, api, address, order):
        event = reread(order.event)
        event.cancel(by=None, at=from_now(), reason="The house burnt down.")
        event.save()

        problem = self.refuse(api, address, order, {"reason": "personal"})

        assert problem["code"] == "refund-not-offered"

    @pytest.mark.parametrize(
        ("wish", "field"),
        [
            ({}, "reason"),
            ({"reason": "because"}, "reason"),
            ({"reason": "late_payment"}, "reason"),
            ({"reason": "personal", "tickets": []}, "tickets"),
            ({"reason": "personal", "tickets": ["NOBODYS"]}, "tickets"),
            ({"reason": "personal", "tickets": "all"}, "tickets"),
            ({"reason": "postponed", "tickets": ["NOBODYS"]}, "tickets"),
        ],
    )
    def test_senseless_bodies(self, api, address, order, wish, field):
        before = everything()

        answer = api.post(address(order), wish, format="json")

        assert (answer.status_code, answer.data["code"]) == (400, "invalid")
        assert list(answer.data["errors"]) == [field]
        assert everything() == before

    def test_a_ticket_listed_twice(self, api, address, order, tickets):
        wish = {"reason": "personal", "tickets": [tickets[0].code, tickets[0].code.lower()]}
        before = everything()

        answer = api.post(address(order), wish)

        assert (answer.status_code, list(answer.data["errors"])) == (400, ["tickets"])
        assert everything() == before

    def test_tickets_of_another_order(self, api, address, order, customer, showing):
        other = paid_order(seats_in_area(1, showing=showing), customer=customer)
        wish = {"reason": "personal", "tickets": [other.tickets.get().code]}
        before = everything()

        answer = api.post(address(order), wish)

        assert (answer.status_code, list(answer.data["errors"])) == (400, ["tickets"])
        assert everything() == before

    def test_orders_of_others_do_not_exist(self, api, address):
        theirs = paid_order()
        before = everything()

        assert api.post(address(theirs), {"reason": "personal"}).status_code == 404
        assert everything() == before

    def test_signed_out(self, visitor, address, order):
        before = everything()

        assert visitor.post(address(order), {"reason": "personal"}).status_code == 401
        assert everything() == before


def test_free_tickets_are_given_back_for_nothing(api, customer, showing):
    order = paid_order(seats_in_area(2, showing=showing, price=0), customer=customer)
    approve_by_itself(order)

    answer = api.post(refunds(order), {"reason": "personal"})

    assert answer.status_code == 201
    assert (answer.data["amount"], answer.data["status"]) == ("0.00", "approved")


def test_the_same_key_brings_the_same_refund(api, order):
    first = api.post(refunds(order), {"reason": "personal"}, headers={"Idempotency-Key": "a"})
    again = api.post(refunds(order), {"reason": "personal"}, headers={"Idempotency-Key": "a"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data["id"] == first.data["id"]
    assert Refund.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(api, order, tickets):
    api.post(
        refunds(order),
        {"reason": "personal", "tickets": [tickets[0].code]},
        headers={"Idempotency-Key": "a"},
    )
    before = everything()

    answer = api.post(refunds(order), {"reason": "personal"}, headers={"Idempotency-Key": "a"})

    assert (answer.status_code, answer.data["code"]) == (422, "idempotency-key-reused")
    assert everything() == before


def test_another_key_is_another_refund(api, order, tickets):
    asked = [
        api.post(
            refunds(order),
            {"reason": "personal", "tickets": [ticket.code]},
            headers={"Idempotency-Key": key},
        )
        for key, ticket in zip("ab", tickets, strict=False)
    ]

    assert [answer.status_code for answer in asked] == [201, 201]
    assert [answer.data["tickets"] for answer in asked] == [[each.code] for each in tickets[:2]]


def test_customers_list_and_read_their_own_refunds_only(api, order, tickets):
    for ticket in tickets[:2]:
        api.post(refunds(order), {"reason": "personal", "tickets": [ticket.code]})
    theirs = paid_order(seats_in_area(1, showing=ShowingFactory(event=EventFactory())))

    listed = api.get(refunds(order)).data["results"]

    assert [each["tickets"] for each in listed] == [[tickets[1].code], [tickets[0].code]]
    assert api.get(f"/api/v1/refunds/{listed[0]['id']}/").data == listed[0]
    assert api.get(refunds(theirs)).status_code == 404


def test_a_refund_of_somebody_else_does_not_exist(api, order, visitor):
    refund = api.post(refunds(order), {"reason": "personal"}).data
    visitor.force_authenticate(paid_order().customer)

    assert visitor.get(f"/api/v1/refunds/{refund['id']}/").status_code == 404
    assert api.get("/api/v1/refunds/999999/").status_code == 404


def test_what_was_asked_for_is_explained_for_ever(api, order):
    answer = api.post(refunds(order), {"reason": "personal"}, headers={"Accept-Language": "en"})

    refund = Refund.objects.get(pk=answer.data["id"])
    assert [set(step) for step in refund.explanation] == [
        {"rule", "inputs", "result", "text"} for _ in refund.explanation
    ]
    assert refund.amount == Decimal(answer.data["amount"]) == 1_200_000
    assert broken_rules() == {}
