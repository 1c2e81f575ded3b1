"""The product as a WSGI application, which `ticketing.web_server` serves."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.wsgi import get_wsgi_application
from granian.utils.proxies import wrap_wsgi_with_proxy_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ticketing.settings")


def in_utf8(application: WSGIApplication) -> WSGIApplication:
    """Leave of `Content-Type` the type and a form's boundary.

    Django would read even the address by a charset that is named there, and fails on one that is
    no charset of texts before the request has an id. Everything here is UTF-8.
    """

    def serve(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        kind, *parameters = environ.get("CONTENT_TYPE", "").split(";")
        if parameters:
            kept = [each for each in parameters if each.strip().lower().startswith("boundary=")]
            environ["CONTENT_TYPE"] = ";".join([kind, *kept])
        return application(environ, start_response)

    return serve


application = in_utf8(get_wsgi_application())

from django.conf import settings  # noqa: E402 - they are read by then

if settings.TRUSTED_PROXIES:
    # VNPay and its log want the customer's address, which only our own proxy can tell.
    application = wrap_wsgi_with_proxy_headers(application, trusted_hosts=settings.TRUSTED_PROXIES)
