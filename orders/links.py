"""Where people find an order: at the front end if there is one, else on our own pages."""

from __future__ import annotations

from django.conf import settings


def order_page(code: str) -> str:
    """The address of an order's page, for mails and for browsers that come from elsewhere."""
    if settings.FRONTEND_URL:
        return f"{settings.FRONTEND_URL}/orders/{code}"
    return f"{settings.PUBLIC_URL}/orders/{code}/"
