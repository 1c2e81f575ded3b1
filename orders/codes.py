"""Codes in addresses: what can't be one is an address that does not exist."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import StringConverter

from orders.models import CODE_ALPHABET


class OrderCode(StringConverter):
    regex = f"[{CODE_ALPHABET}]{{12}}"


class TicketCode(StringConverter):
    regex = f"[{CODE_ALPHABET}]{{26}}"


register_converter(OrderCode, "order_code")
register_converter(TicketCode, "ticket_code")
