"""What browsers are told, what they may do, and how much they may send."""

from __future__ import annotations

from urllib.parse import urlsplit

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from ticketing.settings.environment import IS_HTTPS
from ticketing.settings.selling import VNPAY_PAYMENT_URL

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_SSL_REDIRECT = IS_HTTPS
HTTPS_ALONE = ("/api/v1/", "/_allauth/app/", "/internal/")  # programs: refused, and never led on
# VNPay's call is answered at the very address that it was given, by way of no other.
SECURE_REDIRECT_EXEMPT = [r"^payments/vnpay/ipn/$", *(f"^{prefix[1:]}" for prefix in HTTPS_ALONE)]
# Only where a proxy ends TLS: without one, anybody could say that a call came by HTTPS.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
# Lax and not Strict: people come back from the payment provider signed in.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = IS_HTTPS
# With this prefix browsers take them from no other host, and from us over TLS only.
if IS_HTTPS:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
CSRF_FAILURE_VIEW = "ticketing.pages.problems.form_expired"

# Browsers obey the policy of the page with the form even after a redirect, so a page that sends
# people to pay adds this origin to its `form-action`.
VNPAY_ORIGIN = "{0.scheme}://{0.netloc}".format(urlsplit(VNPAY_PAYMENT_URL))
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
SWAGGER_POLICY = {"style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]}
# What the libraries behind these addresses can't do without; first match counts.
RELAXED_POLICIES = {
    "/admin/": {  # Alpine evaluates attributes and sets styles
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
    },
    "/accounts/2fa/": {"img-src": [SELF, "data:"]},  # the QR code of a second factor
    "/api/docs/": SWAGGER_POLICY,
    "/_allauth/openapi.html": SWAGGER_POLICY,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # of what is no file
# The back office sends seven for each showing of an event, of which there may be one for each day
# of a year. Not more: anybody may send so many, and reading them takes its time.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000
LARGEST_BODY = 12 * 1024 * 1024  # with files; a seat plan may have 10 MB
