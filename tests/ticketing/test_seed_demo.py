from __future__ import annotations

from collections import Counter

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_fsm_log.models import StateLog

from ticketing import demo
from ticketing.models import Area, Event, Organizer, Row, Seat, Showing
from ticketing.roles import Role, role_of

MODELS = [User, EmailAddress, Group, Organizer, Event, Showing, Area, Row, Seat, StateLog]


def counts():
    return {model.__name__: model.objects.count() for model in MODELS}


@pytest.fixture
def small_stadium(monkeypatch):
    """The demo without its stadium, for the tests that are not about its size."""
    rest = tuple(event for event in demo.EVENTS if event.slug != "chung-ket-cup-quoc-gia")
    monkeypatch.setattr("ticketing.demo.EVENTS", rest)


def seats_of(slug, **wanted):
    return Seat.objects.filter(showing__event__slug=slug, **wanted)


def test_the_theatre_and_the_stadium_have_their_seats():
    call_command("seed_demo")

    assert seats_of("dem-nhac-trinh").count() == 600
    assert seats_of("dem-nhac-trinh", status="blocked").count() == 12
    prices = Area.objects.filter(showing__event__slug="dem-nhac-trinh").values_list("price")
    assert len(set(prices)) == 3
    stadium = seats_of("chung-ket-cup-quoc-gia")
    assert stadium.filter(area__is_general_admission=False).count() == 40_192
    assert stadium.filter(area__is_general_admission=True).count() == 10_000


@pytest.mark.usefixtures("small_stadium")
class TestWithoutTheStadium:
    def test_events_are_in_every_state(self):
        call_command("seed_demo")

        states = Counter(Event.objects.values_list("status", flat=True))
        assert set(states) == {"draft", "published", "postponed", "cancelled"}
        assert Event.objects.filter(status="published", fraud_status="investigating").exists()

    def test_some_showings_sell_one_will_and_one_did(self):
        call_command("seed_demo")

        now = timezone.now()
        published = Showing.objects.filter(event__status="published")
        assert published.filter(ticket_sale_start__gt=now).count() == 1
        assert published.filter(ticket_sale_end__lt=now, starts_at__gt=now).count() == 1
        assert sum(showing.is_on_sale(now) for showing in published) == 3

    def test_no_event_moved_without_a_note(self):
        call_command("seed_demo")

        for event in Event.objects.exclude(status="draft"):
            noted = set(StateLog.objects.for_(event).values_list("state", flat=True))
            assert event.status in noted
            assert event.fraud_status in {*noted, "none"}

    @pytest.mark.parametrize("email", [demo.CUSTOMER, demo.ORGANIZER, demo.ADMIN])
    def test_everybody_can_log_in_at_once(self, client, email):
        call_command("seed_demo")

        answer = client.post(
            "/_allauth/app/v1/auth/login",
            {"email": email, "password": demo.PASSWORD},
            content_type="application/json",
        )

        assert answer.status_code == 200
        assert answer.json()["meta"]["access_token"]

    def test_a_member_of_the_organizers_may_look_and_a_customer_has_no_business_there(self):
        call_command("seed_demo")

        customer, member, admin = (
            User.objects.get(email=email) for email in (demo.CUSTOMER, demo.ORGANIZER, demo.ADMIN)
        )
        assert not customer.is_staff
        assert member.is_staff
        assert not member.is_superuser
        assert admin.is_superuser
        assert set(member.organizers.all()) == set(Organizer.objects.all())
        assert member.has_perms(["ticketing.view_event", "orders.view_order"])
        assert not member.has_perm("payments.report_case")
        assert not member.has_perm("auth.view_user")
        assert role_of(User.objects.get(email=demo.SUPPORT)) == Role.SUPPORT

    def test_a_second_run_adds_nothing_and_says_so(self, capsys):
        call_command("seed_demo", customers=2)
        before = counts()
        capsys.readouterr()

        call_command("seed_demo", customers=2)

        assert counts() == before
        assert capsys.readouterr().out == "The demo is there already: nothing added.\n"

    def test_an_interrupted_run_is_finished_by_the_next(self, monkeypatch):
        def stop(**_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("ticketing.services.publish_event", stop)
            with pytest.raises(KeyboardInterrupt):
                call_command("seed_demo")

        call_command("seed_demo")

        assert Event.objects.get(slug="dem-nhac-trinh").status == "published"
        assert seats_of("dem-nhac-trinh").count() == 600

    def test_a_run_leaves_alone_what_people_did_meanwhile(self):
        call_command("seed_demo")
        event = Event.objects.get(slug="dem-nhac-trinh")
        event.cancel(by=None, at=timezone.now(), reason="It rains.")
        event.save()

        call_command("seed_demo")

        assert Event.objects.get(pk=event.pk).status == "cancelled"

    def test_as_many_customers_as_wanted_share_one_hash(self, capsys):
        call_command("seed_demo")
        call_command("seed_demo", customers=5)

        assert capsys.readouterr().out.endswith("Added 5 accounts.\n")
        more = User.objects.filter(username__regex=r"^customer[1-5]@example\.com$")
        assert more.count() == 5
        assert more.values("password").distinct().count() == 1
        assert more.filter(emailaddress__verified=True, emailaddress__primary=True).count() == 5
        assert more.earliest("id").check_password(demo.PASSWORD)


def test_outside_the_sandbox_nothing_is_seeded(settings):
    settings.SANDBOX = False

    with pytest.raises(CommandError, match="SANDBOX"):
        call_command("seed_demo")

    assert not User.objects.exists()
    assert not Event.objects.exists()
