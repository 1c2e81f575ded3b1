"""Customers ask for money back on pages: nobody asks without having seen the amount."""

from __future__ import annotations

import pytest

from jobs.services import run_due_jobs
from orders.models import Ticket
from orders.services import check_in
from refunds.models import Refund
from refunds.services import (
    advance_campaign,
    approve_refund,
    mark_refund_failed,
    override_refund,
    pause_campaign,
    reject_refund,
    retry_campaign,
)
from tests.back_office.refund_rows import failed
from tests.factories import (
    PaymentFactory,
    from_now,
    paid_order,
    placed_order,
    seats_in_area,
    showing_with_sale_end,
)
from tests.pages.my_pages import everything, hidden, page_of, text_of
from tests.payments.vnpay_calls import RETURN, success
from tests.refunds.campaigns import cancel, start
from tests.refunds.moved import give_back, let_days_pass, refuse, take_place_yesterday
from tests.ticketing.event_states import move
from ticketing.models import Event
from ticketing.services import confirm_cancellation


@pytest.fixture
def order(customer):
    """Paid, with three tickets of 500,000 VND; 80 % go back for a personal reason."""
    showing = showing_with_sale_end(days=10)
    return paid_order(seats_in_area(3, showing=showing), customer=customer)


@pytest.fixture
def tickets(order):
    return list(order.tickets.order_by("seat_id"))


def quote(me, order, *tickets, reason="personal"):
    wish = {"reason": reason, "tickets": [ticket.pk for ticket in tickets]}
    return me.get(page_of(order, "refund/quote/"), wish)


def confirmation(page, *tickets, reason="personal"):
    """What the button of the quote's page sends."""
    return {
        "reason": reason,
        "tickets": [ticket.pk for ticket in tickets],
        "amount": hidden(page, "amount"),
        "key": hidden(page, "key"),
    }


def ask(me, order, body):
    return me.post(page_of(order, "refund/request/"), body)


def postpone(order):
    event = Event.objects.get(pk=order.event_id)
    event.postpone(by=None, at=from_now(), reason="The singer is ill.")
    event.save()


def test_only_tickets_that_can_go_back_are_offered(me, order, tickets, admin_user):
    check_in(code=tickets[0].code, by=admin_user)

    page = me.get(page_of(order, "refund/"))

    assert [ticket for ticket, _ in page.context["choices"]] == tickets[1:]
    assert page.context["offered"] == ["personal"]
    assert "postponed" not in text_of(page)
    assert not any(ticket.code in page.content.decode() for ticket in tickets)


def test_the_quote_shows_the_amount_and_how_it_comes_about_and_changes_nothing(me, order, tickets):
    before = everything()

    page = quote(me, order, *tickets[:2])

    assert page.status_code == 200
    text = text_of(page)
    assert "Ask for 800,000 VND back" in text
    assert "The 2 tickets you give back cost 1,000,000 VND together." in text
    assert "80 % of 1,000,000 VND is 800,000 VND." in text
    assert "The organizer decides about this refund." in text
    assert everything() == before


def test_no_ticket_chosen_asks_to_choose_one(me, order):
    page = quote(me, order)

    assert page.status_code == 400
    assert "Choose at least one ticket." in text_of(page)


def test_what_was_ticked_stays_ticked(me, order, tickets):
    other = paid_order().tickets.first()

    page = quote(me, order, tickets[1], other)

    assert page.status_code == 400
    assert f'value="{tickets[1].pk}" checked' in page.content.decode()
    assert str(other.code) not in page.content.decode()


def test_a_request_is_made_and_shown_on_the_order(me, order, tickets):
    body = confirmation(quote(me, order, tickets[0]), tickets[0])

    answer = ask(me, order, body)

    refund = Refund.objects.get()
    assert (refund.status, refund.amount) == ("pending_organizer", 400_000)
    assert refund.requested_by == order.customer
    assert answer.headers["Location"] == page_of(order)
    text = text_of(me.get(page_of(order)))
    assert "We have your request." in text
    assert "400,000 VND Waiting for the organizer" in text
    assert "80 % of 500,000 VND is 400,000 VND." in text


def test_the_mail_about_it_leads_to_the_order(me, order, tickets, mailoutbox, settings):
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))

    while run_due_jobs():
        pass

    [told] = [mail for mail in mailoutbox if mail.subject.startswith("We have your refund")]
    assert f"{settings.PUBLIC_URL}{page_of(order)}" in told.body


def test_pressing_the_button_twice_is_one_request(me, order, tickets):
    body = confirmation(quote(me, order, tickets[0]), tickets[0])

    for _ in range(2):
        assert ask(me, order, body).headers["Location"] == page_of(order)

    assert Refund.objects.count() == 1


def test_when_the_amount_has_changed_the_new_one_is_shown_instead(me, order, tickets):
    body = confirmation(quote(me, order, tickets[0]), tickets[0])
    let_days_pass(order, 4)
    before = everything()

    page = ask(me, order, body)

    assert page.status_code == 409
    assert "The amount that would go back has changed." in text_of(page)
    assert "Ask for 300,000 VND back" in text_of(page)
    assert everything() == before
    ask(me, order, confirmation(page, tickets[0]))
    assert Refund.objects.get().amount == 300_000


@pytest.mark.parametrize("left_out", ["reason", "tickets", "amount", "key"])
def test_an_incomplete_request_leads_back_to_the_choice(me, order, tickets, left_out):
    body = confirmation(quote(me, order, tickets[0]), tickets[0])
    del body[left_out]

    assert ask(me, order, body).headers["Location"] == page_of(order, "refund/")
    assert not Refund.objects.exists()


def test_too_late_is_told_in_words(me, order, tickets):
    let_days_pass(order, 6)

    page = me.get(page_of(order, "refund/"))

    assert "It is too late to give these tickets back." in text_of(page)
    assert "Tickets could be given back until" in text_of(page)
    assert page.context["offered"] == []


def test_too_late_meanwhile_is_told_on_the_order(me, order, tickets):
    body = confirmation(quote(me, order, tickets[0]), tickets[0])
    let_days_pass(order, 6)

    answer = me.post(page_of(order, "refund/request/"), body, follow=True)

    assert "It is too late to give these tickets back." in text_of(answer)
    assert not Refund.objects.exists()


def test_a_ticket_of_another_request_is_refused(me, order, tickets):
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))

    page = quote(me, order, *tickets[:2])

    assert page.status_code == 409
    assert "Some of these tickets can't be given back." in text_of(page)
    assert f'value="{tickets[1].pk}" checked' in page.content.decode()


def test_while_the_event_is_postponed_the_whole_order_can_go_back(me, order, tickets):
    postpone(order)
    choice = me.get(page_of(order, "refund/"))
    assert choice.context["offered"] == ["personal", "postponed"]
    assert choice.context["chosen"] == "postponed"

    page = quote(me, order, reason="postponed")
    answer = ask(me, order, confirmation(page, reason="postponed"))

    assert "Ask for 1,350,000 VND back" in text_of(page)
    assert answer.headers["Location"] == page_of(order)
    refund = Refund.objects.get()
    assert (refund.reason, refund.status, refund.amount) == (
        "postponed",
        "pending_admin",
        1_350_000,
    )


def test_whoever_asks_for_the_whole_order_is_told_that_the_request_before_is_closed(
    me, order, tickets
):
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))
    postpone(order)
    assert "is closed then" not in text_of(quote(me, order, tickets[1]))

    page = quote(me, order, reason="postponed")
    ask(me, order, confirmation(page, reason="postponed"))

    assert "Your request that waits for a decision is closed then" in text_of(page)
    assert [each.status for each in Refund.objects.order_by("pk")] == ["rejected", "pending_admin"]
    assert "is closed then" not in text_of(quote(me, order, reason="postponed"))


def test_a_postponement_is_offered_only_then(me, order):
    page = quote(me, order, reason="postponed")

    assert page.status_code == 409
    assert "The event is not postponed." in text_of(page)


@pytest.mark.parametrize("reason", ["fraud", "cancelled", "", "x"])
def test_nobody_asks_for_a_reason_that_only_the_platform_gives(me, order, tickets, reason):
    forged = {**confirmation(quote(me, order, *tickets), *tickets), "reason": reason}
    before = everything()

    assert quote(me, order, *tickets, reason=reason).status_code == 400
    assert ask(me, order, forged).headers["Location"] == page_of(order, "refund/")
    assert everything() == before


def test_nobody_asks_for_another_amount_than_the_policy_gives(me, order, tickets):
    forged = {**confirmation(quote(me, order, *tickets), *tickets), "amount": "1500000"}
    before = everything()

    assert ask(me, order, forged).status_code == 409
    assert everything() == before


def test_nobody_asks_for_the_tickets_of_somebody_else(me, order, tickets):
    other = paid_order(seats_in_area(1, showing=order.showing)).tickets.get()
    forged = confirmation(quote(me, order, tickets[0]), other)
    before = everything()

    assert ask(me, order, forged).headers["Location"] == page_of(order, "refund/")
    assert everything() == before


def test_an_unpaid_order_says_that_there_is_nothing_to_give_back(me, customer):
    order = placed_order(customer=customer)

    assert "There is nothing left to refund." in text_of(me.get(page_of(order, "refund/")))


def test_an_event_that_approves_by_itself_is_told_so(me, order, tickets):
    Event.objects.filter(pk=order.event_id).update(auto_approve_refund=True)
    page = quote(me, order, tickets[0])
    assert "The tickets let nobody in any more as soon as you ask." in text_of(page)

    ask(me, order, confirmation(page, tickets[0]))

    text = text_of(me.get(page_of(order)))
    assert "Your refund is approved." in text
    assert "it lets nobody in" in text
    assert Ticket.objects.get(pk=tickets[0].pk).refund_approved_at


def test_a_rejection_says_why(me, order, tickets, admin_user):
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))
    reason = "Come <b>anyway</b>!"
    reject_refund(refund_id=Refund.objects.get().pk, by=admin_user, reason=reason)

    page = me.get(page_of(order))

    assert "Rejected" in text_of(page)
    assert "Why: Come &lt;b&gt;anyway&lt;/b&gt;!" in page.content.decode()
    assert "Your tickets stay valid as they were." in text_of(page)


def test_what_an_admin_takes_up_again_waits_for_the_platform(me, order, tickets, admin_user):
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))
    refund = Refund.objects.get()
    reject_refund(refund_id=refund.pk, by=admin_user, reason="Come anyway!")
    override_refund(refund_id=refund.pk, percentage=60, by=admin_user, note="She is ill.")

    text = text_of(me.get(page_of(order)))

    assert "300,000 VND" in text
    assert "Waiting for the platform" in text
    assert "An admin of the platform decides about this refund." in text
    for untrue in ("Rejected", "Come anyway!", "The organizer decides about this refund."):
        assert untrue not in text


def test_what_is_sent_again_after_its_rejection_is_not_approved(me, order, tickets, admin_user):
    page = quote(me, order, tickets[0])
    ask(me, order, confirmation(page, tickets[0]))
    reject_refund(refund_id=Refund.objects.get().pk, by=admin_user, reason="Come anyway!")
    before = everything()

    again = me.post(page_of(order, "refund/request/"), confirmation(page, tickets[0]), follow=True)

    assert "We had your request before." in text_of(again)
    assert "approved" not in text_of(again)
    assert everything() == before


def test_a_request_that_a_cancellation_covers_promises_no_tickets(me, order, tickets, admin_user):
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))
    confirm_cancellation(event_id=order.event_id, by=admin_user, reason="It rains.")
    while run_due_jobs():
        pass
    assert Refund.objects.order_by("pk").first().status == "rejected"

    page = text_of(me.get(page_of(order)))

    assert "all of the order's money goes back instead" in page
    assert "tickets stay valid" not in page


def called_off(order, admin_user):
    confirm_cancellation(event_id=order.event_id, by=admin_user, reason="It rains.")


def over(order, _admin_user):
    take_place_yesterday(order.showing_id)


@pytest.mark.parametrize("off", [called_off, over])
def test_a_refund_that_is_given_up_tells_of_tickets_only_while_they_are_good(
    me, order, tickets, admin_user, off
):
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))
    refund = failed(Refund.objects.get())
    mark_refund_failed(refund_id=refund.pk, by=admin_user, reason="The card was stolen.")
    assert "Your tickets are as they were." in text_of(me.get(page_of(order)))

    off(order, admin_user)

    page = text_of(me.get(page_of(order)))
    assert "have closed it" in page
    assert "Your tickets are as they were." not in page


def test_refunds_of_ten_tickets_cost_few_queries(me, customer, django_assert_max_num_queries):
    showing = showing_with_sale_end(days=10)
    order = paid_order(seats_in_area(10, showing=showing), customer=customer)
    tickets = list(order.tickets.all())
    for ticket in tickets[:3]:
        ask(me, order, confirmation(quote(me, order, ticket), ticket))

    with django_assert_max_num_queries(11):
        me.get(page_of(order))
    with django_assert_max_num_queries(16):
        me.get(page_of(order, "refund/"))
    with django_assert_max_num_queries(12):
        quote(me, order, *tickets[4:])


def test_the_open_page_follows_a_refund_until_it_is_over(me, order, tickets, admin_user):
    def state():
        page = me.get(page_of(order))
        told = me.get(page_of(order, "state/")).json()["state"]
        assert page.context["state"] == told
        assert ("orders/live.js" in page.content.decode()) is page.context["is_watched"]
        return told if page.context["is_watched"] else None

    assert state() is None
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))
    asked = state()
    approve_refund(refund_id=Refund.objects.get().pk, by=admin_user)
    approved = state()

    assert None not in (asked, approved)
    assert asked != approved


def test_after_a_rejection_the_page_asks_no_more(me, order, tickets, admin_user):
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))
    reject_refund(refund_id=Refund.objects.get().pk, by=admin_user, reason="Too late.")

    assert not me.get(page_of(order)).context["is_watched"]


def test_nobody_waits_for_an_organizer_who_decides_nothing_any_more(me, order, tickets):
    ask(me, order, confirmation(quote(me, order, tickets[0]), tickets[0]))
    assert "Waiting for the organizer" in text_of(me.get(page_of(order)))

    move(order.event, "investigate", "confirm_fraud")

    page = text_of(me.get(page_of(order)))
    assert "Waiting for the platform" in page
    assert "Waiting for the organizer" not in page


PROMISE = "Your money goes back in full by itself"


def called_off(order, admin):
    """Its campaign has approved the refund."""
    cancel(order.event, admin)
    campaign = start(order.event, admin)
    advance_campaign(campaign_id=campaign.pk)
    return campaign, Refund.objects.get()


def test_money_is_promised_as_long_as_it_comes_by_itself(me, order, admin_user):
    campaign, refund = called_off(order, admin_user)
    refuse(refund)
    advance_campaign(campaign_id=campaign.pk)
    assert PROMISE in text_of(me.get(page_of(order)))
    mark_refund_failed(refund_id=refund.pk, by=admin_user, reason="The card is closed.")
    text = text_of(me.get(page_of(order)))
    assert "We could not carry this refund out" in text
    assert PROMISE not in text

    retry_campaign(campaign_id=campaign.pk, by=admin_user, reason="There is another card.")
    assert PROMISE in text_of(me.get(page_of(order)))
    advance_campaign(campaign_id=campaign.pk)
    give_back(Refund.objects.get(status="approved"))
    advance_campaign(campaign_id=campaign.pk)
    assert PROMISE not in text_of(me.get(page_of(order)))


def test_money_of_a_refund_that_was_given_up_is_not_promised_by_a_paused_campaign(
    me, order, admin_user
):
    campaign, refund = called_off(order, admin_user)
    refuse(refund)
    pause_campaign(campaign_id=campaign.pk, by=admin_user, reason="Refunds are refused.")
    assert PROMISE in text_of(me.get(page_of(order)))

    mark_refund_failed(refund_id=refund.pk, by=admin_user, reason="The card is closed.")

    assert PROMISE not in text_of(me.get(page_of(order)))


@pytest.mark.parametrize("percentage", [0, 60])
def test_money_that_an_admin_keeps_is_not_promised(me, order, admin_user, percentage):
    campaign, refund = called_off(order, admin_user)
    override_refund(
        refund_id=refund.pk, percentage=percentage, by=admin_user, note="He sold them on."
    )
    text = text_of(me.get(page_of(order)))
    assert "The event was cancelled." in text
    assert PROMISE not in text

    if percentage:
        give_back(refund)
    advance_campaign(campaign_id=campaign.pk)
    assert PROMISE not in text_of(me.get(page_of(order)))

    wanted = {"by": admin_user, "reason": "He did not.", "order_ids": [order.pk]}
    retry_campaign(campaign_id=campaign.pk, **wanted)
    assert PROMISE in text_of(me.get(page_of(order)))


@pytest.mark.parametrize("percentage", [0, 60])
def test_nor_is_it_by_the_return_page_that_is_opened_again(me, customer, admin_user, percentage):
    payment = PaymentFactory(order=placed_order(customer=customer))
    query = success(payment)
    me.get(f"{RETURN}?{query}")
    _, refund = called_off(payment.order, admin_user)
    assert "What you paid goes back in full." in text_of(me.get(f"{RETURN}?{query}"))

    override_refund(
        refund_id=refund.pk, percentage=percentage, by=admin_user, note="He sold them on."
    )

    text = text_of(me.get(f"{RETURN}?{query}"))
    assert "its tickets let nobody in" in text
    assert "goes back in full" not in text
