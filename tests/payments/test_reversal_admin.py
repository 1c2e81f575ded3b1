"""Reversals in the back office: to look at, each organizer its own, raw answers for admins."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from payments.models import Reversal
from tests.factories import paid_order
from tests.payments.reversed import give_back

SECRET = "what-only-admins-read"


@pytest.fixture
def reversal():
    reversal = give_back(paid_order().payments.get(), 400_000)
    Reversal.objects.update(provider_answer={"vnp_Message": SECRET})
    return reversal


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("boss", "boss@example.org"))
    return client


@pytest.fixture
def member(client, reversal):
    """Somebody who works for the organizer of the reversal's event."""
    user = User.objects.create_user("member", is_staff=True)
    models = ["reversal", "payment"]
    user.user_permissions.set(
        Permission.objects.filter(content_type__model__in=models, codename__startswith="view_")
    )
    reversal.payment.order.event.organizer.members.add(user)
    client.force_login(user)
    return client


def page(reversal):
    return reverse("admin:payments_reversal_change", args=[reversal.pk])


def test_an_admin_sees_everything_and_changes_nothing(boss, reversal):
    answer = boss.get(page(reversal))

    assert answer.status_code == 200
    assert SECRET in answer.content.decode()
    assert boss.post(page(reversal), {"amount": 1}).status_code == 403
    assert boss.post(reverse("admin:payments_reversal_add")).status_code == 403


def test_the_list_opens_and_searches(boss, reversal):
    found = boss.get(reverse("admin:payments_reversal_changelist"), {"q": reversal.request_id})

    assert page(reversal) in found.content.decode()


def test_the_page_of_the_payment_shows_its_reversals(boss, reversal):
    payment = reverse("admin:payments_payment_change", args=[reversal.payment_id])

    assert page(reversal) in boss.get(payment).content.decode()


def test_members_see_their_own_without_raw_messages(member, reversal):
    foreign = give_back(paid_order().payments.get())

    answer = member.get(page(reversal))

    assert answer.status_code == 200
    assert SECRET not in answer.content.decode()
    listed = member.get(reverse("admin:payments_reversal_changelist")).content.decode()
    assert page(reversal) in listed
    assert page(foreign) not in listed
    assert member.get(page(foreign)).status_code == 302
