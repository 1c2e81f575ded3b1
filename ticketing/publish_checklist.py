"""What must be there before an event is published. The checklist and the refusal are this one list.

Reading it takes few queries however many showings, areas and seats there are, and locks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from ticketing.errors import InvalidPrice
from ticketing.models import Area, Event, Row, Showing, has_free_seat
from ticketing.prices import check_price


class Page(StrEnum):
    """Where something is mended."""

    EVENT = "event"
    SHOWING = "showing"
    AREAS = "areas"
    SEATS = "seats"
    PRICES = "prices"
    ORGANIZER = "organizer"


@dataclass(frozen=True)
class Fault:
    """What is amiss and what to do; `page` with `pk` is where."""

    text: str
    page: Page
    pk: int


@dataclass(frozen=True)
class Condition:
    """One line of the list. Without `is_required` it is advice that nobody has to follow."""

    text: str
    faults: list[Fault]
    is_required: bool = True

    @property
    def is_met(self) -> bool:
        return not self.faults

    @property
    def is_obstacle(self) -> bool:
        return self.is_required and not self.is_met


@dataclass(frozen=True)
class _House:
    """An event with what was read of it. `has_seats` and `has_free` tell of each area."""

    event: Event
    showings: list[Showing]
    areas: list[Any]  # annotated
    now: datetime

    @classmethod
    def read(cls, event: Event, now: datetime) -> _House:
        showings = list(Showing.objects.filter(event=event).order_by("starts_at", "pk"))
        rows = Row.objects.filter(area=OuterRef("pk"))
        areas = Area.objects.filter(showing__in=showings).order_by("pk")
        known = areas.annotate(has_seats=Exists(rows), has_free=has_free_seat())
        by_id = {showing.pk: showing for showing in showings}
        listed = list(known)
        for showing in showings:
            # A showing is told by the name of its event: so nobody reads that again for each.
            showing.event = event
        for area in listed:
            area.showing = by_id[area.showing_id]
        return cls(event, showings, listed, now)

    def with_seats(self) -> set[int]:
        """The showings that have any."""
        return {area.showing_id for area in self.areas if area.has_seats}

    def with_free_seats(self) -> set[int]:
        """The showings that can sell one."""
        return {area.showing_id for area in self.areas if area.has_free}


def publish_checklist(event: Event, now: datetime) -> list[Condition]:
    """Every condition of publishing the event at `now`, those that are required first."""
    house = _House.read(event, now)
    return [
        Condition(_("It is still a draft."), list(_not_a_draft(house))),
        Condition(_("It has a title."), list(_no_title(house))),
        Condition(_("It has a showing."), list(_no_showing(house))),
        Condition(_("Every showing lies ahead."), list(_begun(house))),
        Condition(_("Every showing has seats."), list(_no_seats(house))),
        Condition(_("Every showing can sell something."), list(_unsellable(house)), False),
        Condition(_("Every area has seats."), list(_empty_areas(house)), False),
        Condition(_("Every area has a price."), list(_odd_prices(house)), False),
        Condition(_("It says where it takes place."), list(_no_venue(house)), False),
        Condition(_("It says what it is about."), list(_no_description(house)), False),
        Condition(_("Somebody of its organizer can be reached."), list(_nobody(house)), False),
    ]


def obstacles(checklist: list[Condition]) -> list[Fault]:
    """What keeps the event from being published."""
    return [fault for condition in checklist if condition.is_obstacle for fault in condition.faults]


def _not_a_draft(house: _House) -> Iterator[Fault]:
    if not can_proceed(house.event.publish):
        state = house.event.get_status_display()
        text = _("Only a draft can be published; this event is {state}.").format(state=state)
        yield Fault(text, Page.EVENT, house.event.pk)
    elif house.event.is_closed:
        text = _("It was found to be a fraud. A platform admin has to clear it first.")
        yield Fault(text, Page.EVENT, house.event.pk)


def _no_title(house: _House) -> Iterator[Fault]:
    if not house.event.title.strip():
        yield Fault(_("Give it a title."), Page.EVENT, house.event.pk)


def _no_showing(house: _House) -> Iterator[Fault]:
    if not house.showings:
        yield Fault(_("Add a showing first."), Page.EVENT, house.event.pk)


def _begun(house: _House) -> Iterator[Fault]:
    for showing in house.showings:
        if showing.starts_at <= house.now:
            text = _("{showing} has begun already: give it a later date.").format(showing=showing)
            yield Fault(text, Page.SHOWING, showing.pk)


def _no_seats(house: _House) -> Iterator[Fault]:
    seated = house.with_seats()
    for showing in house.showings:
        if showing.pk not in seated:
            text = _("Give every showing its seats first: {showing} has none.")
            yield Fault(text.format(showing=showing), Page.AREAS, showing.pk)


def _unsellable(house: _House) -> Iterator[Fault]:
    seated, free = house.with_seats(), house.with_free_seats()
    for showing in house.showings:
        if showing.ticket_sale_end <= house.now:
            text = _("The sale of {showing} is over: nobody can buy a ticket.")
            yield Fault(text.format(showing=showing), Page.SHOWING, showing.pk)
        elif showing.ticket_sale_end > showing.ends_at:
            text = _("{showing} ends before its sale: nobody can buy a ticket after its end.")
            yield Fault(text.format(showing=showing), Page.SHOWING, showing.pk)
        if showing.pk in seated - free:
            text = _("All seats of {showing} are blocked.").format(showing=showing)
            yield Fault(text, Page.SEATS, showing.pk)


def _empty_areas(house: _House) -> Iterator[Fault]:
    for area in house.areas:
        if not area.has_seats:
            text = _("{area} of {showing} has no seats yet: nobody can buy there.")
            yield Fault(text.format(area=area, showing=area.showing), Page.AREAS, area.showing_id)


def _odd_prices(house: _House) -> Iterator[Fault]:
    for area in house.areas:
        text = _odd_price(area)
        if text:
            yield Fault(text, Page.PRICES, area.showing_id)


def _odd_price(area: Area) -> str:
    """What is odd about its price: those of imported plans may be any."""
    if not area.price:
        text = _("{area} of {showing} costs nothing: is that meant?")
        return text.format(area=area, showing=area.showing)
    try:
        check_price(area.price)
    except InvalidPrice as refusal:
        return f"{area}, {area.showing}: {refusal}"
    return ""


def _no_venue(house: _House) -> Iterator[Fault]:
    if not house.event.venue.strip():
        yield Fault(_("Write down the venue: it is on the tickets."), Page.EVENT, house.event.pk)


def _no_description(house: _House) -> Iterator[Fault]:
    if not house.event.description.strip():
        text = _("Write a few sentences for those who don't know it yet.")
        yield Fault(text, Page.EVENT, house.event.pk)


def _nobody(house: _House) -> Iterator[Fault]:
    organizer = house.event.organizer
    if not organizer.members.filter(is_active=True, is_staff=True).exclude(email="").exists():
        text = _("{organizer} has no member with an address, who could decide about refunds.")
        yield Fault(text.format(organizer=organizer), Page.ORGANIZER, organizer.pk)
