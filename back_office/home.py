"""The first page of the back office: what waits, what sells, and how full it gets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from back_office import charts, tables
from back_office.days import last_days
from back_office.houses import next_showings
from back_office.queues import waiting_for, waiting_for_others
from back_office.reader import Reader
from back_office.reasons import refunds_by_reason
from back_office.sales import sales_by_day, sales_by_event
from orders.models import Order
from orders.revenue import EventRevenue
from refunds.models import Refund
from ticketing.business_time import day_of
from ticketing.models import Event

DAYS = 30
HOUSES = 3


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the page is made of, for whoever asks for it; called by the admin's index.

    Every row behind a figure is one that the reader's lists show; a list that is closed to the
    reader has no figures here. Money is for those who read the revenue of events.
    """
    reader, now = Reader(request), timezone.now()
    return {
        **context,
        "title": _("Home"),
        "zone": settings.BUSINESS_TIME_ZONE,
        "waiting": waiting_for(reader),
        "waiting_for_others": waiting_for_others(reader),
        **(_sales(reader, now) if reader.sees(Order) and reader.sees(Event) else {}),
        **(_refunds(reader, now) if reader.sees(Refund) else {}),
    }


def _sales(reader: Reader, now: datetime) -> dict[str, Any]:
    today = day_of(now)
    with_money = reader.sees(EventRevenue)
    by_event = sales_by_event(reader, now)
    by_day = sales_by_day(reader, last_days(today, DAYS))
    return {
        "sales": tables.of_events(by_event, today, reader, with_money=with_money),
        "days": tables.of_days(by_day, with_money=with_money),
        "charts": charts.of_days(by_day, with_money=with_money),
        "houses": tables.of_houses(next_showings((each.house for each in by_event), now, HOUSES)),
    }


def _refunds(reader: Reader, now: datetime) -> dict[str, Any]:
    since, *_later = last_days(day_of(now), DAYS)
    return {"reasons": tables.of_reasons(refunds_by_reason(reader, since))}
