"""What it is made of: apps, middleware, templates, static files."""

from __future__ import annotations

from typing import Any

from ticketing.settings.environment import BASE_DIR, DEBUG, SANDBOX

INSTALLED_APPS = [
    # Before the admin, whose templates it replaces.
    "unfold.apps.BasicAppConfig",
    "ticketing.back_office_app.BackOfficeConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    # No `django.contrib.sessions`: ours know their owners (`ticketing.models.sessions`).
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_fsm",
    "django_fsm_log",
    "csp",
    "jobs",
    "ticketing",
    "orders",
    "payments",
    "refunds",
    "back_office",
]
if SANDBOX:
    INSTALLED_APPS.append("benchmarks")  # for its command; no server needs it

# From the outside in: each sees the answers of all that come after it.
MIDDLEWARE = [
    "ticketing.health.HealthMiddleware",
    # Around the log, whose lines name the id.
    "ticketing.requests.RequestIdMiddleware",
    "ticketing.requests.AccessLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Around whatever answers without a view: a file or a refusal has a policy, too.
    "ticketing.pages.security.PolicyMiddleware",
    # Before those below that read a body: accounts, and CSRF where a form brings the token.
    "ticketing.body_limit.BodyLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ticketing.pages.middleware.PageSessionMiddleware",
    # What is refused from here on is told in the caller's language.
    "django.middleware.locale.LocaleMiddleware",
    "ticketing.https_only.HttpsOnlyMiddleware",
    "ticketing.back_office_host.BackOfficeHostMiddleware",
    "ticketing.slashes.SlashMiddleware",
    "ticketing.account_bodies.AccountBodyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    # Messages and accounts ask who this is, and that asks the session.
    "ticketing.pages.middleware.PageUserMiddleware",
    "ticketing.pages.middleware.PageMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "ticketing.business_time.BusinessTimeMiddleware",
    "ticketing.pages.problems.RefusalMiddleware",
]

ROOT_URLCONF = "ticketing.urls"
WSGI_APPLICATION = "ticketing.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "ticketing" / "templates"],  # allauth's mails in our words
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = SANDBOX or DEBUG  # else `collectstatic` fills STATIC_ROOT
STATIC_ROOT = None if WHITENOISE_USE_FINDERS else BASE_DIR / "static"
