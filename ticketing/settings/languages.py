"""Languages and clocks."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

from ticketing.settings.environment import BASE_DIR, text

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("vi", "Tiếng Việt")]
LOCALE_PATHS = [BASE_DIR / "ticketing" / "locale"]
FORMAT_MODULE_PATH = "ticketing.formats"
TIME_ZONE = "UTC"
# of the days of sales figures, and of times in the back office
BUSINESS_TIME_ZONE = text("BUSINESS_TIME_ZONE", "Asia/Ho_Chi_Minh")
try:
    ZoneInfo(BUSINESS_TIME_ZONE)
except (KeyError, ValueError, OSError):
    raise ImproperlyConfigured(
        f"BUSINESS_TIME_ZONE is {BUSINESS_TIME_ZONE}. Give a name such as Asia/Ho_Chi_Minh."
    ) from None
USE_TZ = True
