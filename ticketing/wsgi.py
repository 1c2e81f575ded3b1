"""The product as a WSGI application, which `ticketing.web_server` serves."""

import os

from django.core.wsgi import get_wsgi_application
from granian.utils.proxies import wrap_wsgi_with_proxy_headers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ticketing.settings")

application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - they are read by then

if settings.TRUSTED_PROXIES:
    # VNPay and its log want the customer's address, which only our own proxy can tell.
    application = wrap_wsgi_with_proxy_headers(application, trusted_hosts=settings.TRUSTED_PROXIES)
