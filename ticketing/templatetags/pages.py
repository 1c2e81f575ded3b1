"""How pages write money, and moments in the zone of their showing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django import template
from django.utils import formats
from django.utils.html import format_html
from django.utils.translation import gettext as _

from ticketing.amounts import price_tag
from ticketing.models import Showing

register = template.Library()


@register.filter
def money(amount: Decimal | int) -> str:
    """An amount as people read it in the active language, as in our mails."""
    return price_tag(amount or 0)


@register.filter
def count(number: Decimal | int | None) -> str:
    """A whole number in groups of three digits."""
    return f"{number or 0:,.0f}".replace(",", formats.get_format("THOUSAND_SEPARATOR"))


@register.filter
def price(amount: Decimal | int) -> str:
    """Money, or that none is asked."""
    return money(amount) if amount else _("free of charge")


@register.filter
def day(when: datetime, zone: Showing) -> str:
    """The month and the day of it, for a leaf of a calendar."""
    local = when.astimezone(zone.zone)
    month = formats.date_format(local, "M")
    return format_html("<span>{}</span> <strong>{}</strong>", month, local.day)


@register.filter
def moment(when: datetime, zone: Showing) -> str:
    """Weekday, date and time in the showing's zone; the page names the zone once beside them."""
    # Translators: a format of Django's `date` filter, not words.
    return formats.date_format(when.astimezone(zone.zone), _("l, N j, Y, H:i"))
