"""Who reads what in the timeline of an order."""

from __future__ import annotations

import pytest
from django.urls import reverse

from jobs.models import Job
from payments.models import ProviderMessage
from refunds.models import RefundCampaign
from refunds.services import prepare_campaign, start_campaign
from tests.back_office.refund_rows import asked, bought
from tests.back_office.timelines import page_of, story
from tests.back_office.world import browser_of, supporter
from tests.factories import PaymentFactory, placed_order
from tests.orders.closing import run_all
from tests.payments.vnpay_calls import IPN, success
from tests.ticketing.event_states import move, new_admin, new_member


@pytest.fixture
def admin():
    return browser_of(new_admin())


@pytest.mark.parametrize("role", ["support", "member"])
def test_raw_messages_are_for_admins_alone(client, admin, role):
    order = placed_order()
    client.get(f"{IPN}?{success(PaymentFactory(order=order))}")
    other = browser_of(supporter() if role == "support" else new_member(order.event))
    message = ProviderMessage.objects.get(channel="ipn")
    raw = reverse("admin:payments_providermessage_change", args=[message.pk])

    seen, shown = (each.get(page_of(order)).content.decode() for each in (admin, other))

    assert raw in seen
    assert "vnp_TransactionStatus" in seen
    assert "&quot;vnp_SecureHash&quot;: &quot;[removed]&quot;" in seen
    assert raw not in shown
    assert "vnp_" not in shown
    assert "We were called (IPN)." in shown


@pytest.mark.django_db(transaction=True)
def test_members_read_of_mails_to_the_customer_and_of_no_other_jobs():
    order = bought(email="lan@example.org")
    asked(order)
    member = browser_of(new_member(order.event))
    helper = browser_of(supporter())
    run_all()
    Job.objects.filter(topic="jobs.send_mail").update(last_error="SMTPError: inside.example.org")

    theirs, helpers = story(member, order), story(helper, order)

    assert any("Mail to lan@example.org" in line for line in theirs)
    assert not any(member.user.email in line or "SMTPError" in line for line in theirs)
    assert not any("Settle the order" in line for line in theirs)
    assert any("Settle the order" in line for line in helpers)
    assert "/admin/jobs/job/" not in member.get(page_of(order)).content.decode()


def test_what_is_thought_of_a_fraud_is_for_admins_alone(admin):
    order = bought()
    move(order.event, "investigate")
    member = browser_of(new_member(order.event))

    assert any("suspected of fraud" in line for line in story(admin, order))
    assert not any("suspected of fraud" in line for line in story(member, order))


def test_a_draft_of_a_campaign_and_its_reasons_are_for_admins_alone(admin):
    order = bought()
    move(order.event, "investigate", "confirm_fraud")
    prepare_campaign(event_id=order.event_id, reason="fraud", by=admin.user, order_ids=[order.pk])
    member = browser_of(new_member(order.event))

    assert any("refund of the whole event" in line for line in story(admin, order))
    assert not any("refund of the whole event" in line for line in story(member, order))
    campaign = RefundCampaign.objects.get()
    start_campaign(campaign_id=campaign.pk, by=admin.user, reason="The ring of Mr Vo.")
    assert any("refund of the whole event" in line for line in story(member, order))
    assert not any("Mr Vo" in line for line in story(member, order))


def test_members_of_others_do_not_see_it():
    order, foreign = bought(), bought()

    assert browser_of(new_member(foreign.event)).get(page_of(order)).status_code == 404
