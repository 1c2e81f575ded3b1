"""Make what `ticketing.demo` describes, as far as it is not there yet.

Each step looks whether it was done before, so a run that was interrupted is finished by the next.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_fsm_log.models import StateLog

from jobs.management.arguments import whole
from ticketing import demo, services
from ticketing.demo import DemoArea, DemoEvent
from ticketing.errors import WrongEventState
from ticketing.models import Area, Event, EventStatus, FraudStatus, Organizer, Seat, Showing
from ticketing.roles import SUPPORT_GROUP
from ticketing.row_labels import spell_out
from ticketing.seating import Places, Rows

AT_ONCE = 1_000

# The transition that is looked for in the log, and the use case that takes it.
STEPS = {
    EventStatus.POSTPONED: [("postpone", services.postpone_event)],
    EventStatus.CANCELLED: [("cancel", services.confirm_cancellation)],
    FraudStatus.INVESTIGATING: [("investigate", services.investigate_event)],
}


class Command(BaseCommand):
    help = "Make accounts and events to try everything out with. In the sandbox only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--customers",
            type=whole(0),
            default=0,
            metavar="N",
            help="customer1@… to customerN@…, too",
        )

    def handle(self, *, customers: int, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The demo's password is known to everybody: set SANDBOX=1 first.")
        self.added: Counter[str] = Counter()
        self._make_accounts(customers)
        self._make_organizers()
        for described in demo.EVENTS:
            self._make_event(described)
        told = ", ".join(f"{count} {what}" for what, count in self.added.items() if count)
        self.stdout.write(f"Added {told}." if told else "The demo is there already: nothing added.")

    @transaction.atomic
    def _make_accounts(self, customers: int) -> None:
        more = [demo.MORE_CUSTOMERS.format(number=n) for n in range(1, customers + 1)]
        emails = [demo.CUSTOMER, *demo.STAFF, *more]
        # By either: somebody may have signed up with such an address under another name.
        there = User.objects.filter(Q(username__in=emails) | Q(email__in=emails))
        known = {name for names in there.values_list("username", "email") for name in names}
        # One for all: hashing is slow on purpose.
        password = make_password(demo.PASSWORD)
        users = User.objects.bulk_create(
            [_user(email, password) for email in emails if email not in known], batch_size=AT_ONCE
        )
        EmailAddress.objects.bulk_create(
            [EmailAddress(user=u, email=u.email, verified=True, primary=True) for u in users],
            batch_size=AT_ONCE,
        )
        support, _ = Group.objects.get_or_create(name=SUPPORT_GROUP)
        support.user_set.add(User.objects.get(email=demo.SUPPORT))
        self.added["accounts"] += len(users)

    def _make_organizers(self) -> None:
        member = User.objects.get(email=demo.ORGANIZER)
        for slug, name in demo.ORGANIZERS.items():
            organizer, is_new = Organizer.objects.get_or_create(slug=slug, defaults={"name": name})
            organizer.members.add(member)
            self.added["organizers"] += is_new

    def _make_event(self, described: DemoEvent) -> None:
        event, is_new = Event.objects.get_or_create(
            slug=described.slug,
            defaults={
                "title": described.title,
                "venue": described.venue,
                "description": described.description,
                "organizer": Organizer.objects.get(slug=described.organizer),
                "auto_approve_refund": described.auto_approve_refund,
            },
        )
        showing = event.showings.order_by("id").first() or _make_showing(event, described)
        for area in described.areas:
            self._make_area(showing, area)
        _bring_to(described, event)
        self.added["events"] += is_new

    def _make_area(self, showing: Showing, described: DemoArea) -> None:
        area, _ = Area.objects.get_or_create(
            showing=showing,
            name=described.name,
            defaults={
                "price": described.price,
                "is_general_admission": bool(described.places),
            },
        )
        if not area.rows.exists():
            self.added["seats"] += _make_seats(area, described)


def _user(email: str, password: str) -> User:
    return User(
        username=email,
        email=email,
        password=password,
        is_staff=email in demo.STAFF,
        is_superuser=email == demo.ADMIN,
    )


def _make_showing(event: Event, described: DemoEvent) -> Showing:
    now = timezone.now()
    showing = Showing(event=event)
    starts_at = _at_eight(now.astimezone(showing.zone) + timedelta(days=described.in_days))
    showing.starts_at, showing.ends_at = starts_at, starts_at + timedelta(hours=2)
    showing.ticket_sale_start = now + described.sale_starts
    showing.ticket_sale_end = (
        starts_at - timedelta(hours=1) if described.sale_ends is None else now + described.sale_ends
    )
    showing.save()
    return showing


def _at_eight(day: datetime) -> datetime:
    return day.replace(hour=20, minute=0, second=0, microsecond=0)


def _make_seats(area: Area, described: DemoArea) -> int:
    if described.places:
        return services.give_seats(area_id=area.pk, seating=Places(described.places))
    rows = Rows(spell_out(described.rows), described.seats)
    made = services.give_seats(area_id=area.pk, seating=rows)
    for row, numbers in described.blocked.items():
        Seat.objects.filter(area=area, row__label=row, number__in=spell_out(numbers)).block()
    return made


def _bring_to(described: DemoEvent, event: Event) -> None:
    """Take the steps that were never taken; what people did meanwhile is left alone."""
    admin = User.objects.get(email=demo.ADMIN)
    if event.status == EventStatus.DRAFT != described.status:
        services.publish_event(event_id=event.pk, by=admin)
    taken = set(StateLog.objects.for_(event).values_list("transition", flat=True))
    for transition, step in STEPS.get(described.status, []) + STEPS.get(described.fraud_status, []):
        if transition in taken:
            continue
        with suppress(WrongEventState):  # people were faster: what they decided stays
            step(event_id=event.pk, by=admin, reason="The demo shows an event in this state.")
