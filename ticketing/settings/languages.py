"""Languages and clocks."""

from __future__ import annotations

from ticketing.settings.environment import BASE_DIR, text

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("vi", "Tiếng Việt")]
LOCALE_PATHS = [BASE_DIR / "ticketing" / "locale"]
FORMAT_MODULE_PATH = "ticketing.formats"
TIME_ZONE = "UTC"
# of the days of sales figures, and of times in the back office
BUSINESS_TIME_ZONE = text("BUSINESS_TIME_ZONE", "Asia/Ho_Chi_Minh")
USE_TZ = True
