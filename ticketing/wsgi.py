"""The entry point of the web server: `granian --interface wsgi ticketing.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ticketing.settings")

application = get_wsgi_application()
