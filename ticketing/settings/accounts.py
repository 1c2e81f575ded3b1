"""How people sign up and log in, and for how long."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ticketing.settings.environment import (
    ADDRESS_CHANGES_PER_MINUTE,
    FRONTEND_URL,
    PUBLIC_HOST,
    SANDBOX,
    number,
    text,
)

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
ACCOUNT_ADAPTER = "ticketing.account_adapter.Accounts"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
# Or each sign-up reads all accounts: a name in any case is found by no index. People log in by
# their address.
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
# Before another address may take an account over.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# A telephone network's customers share one address, and all of them log in as a sale begins. In the
# sandbox everybody does, so limits by address would only stop the demo.
_BY_ADDRESS = f"{10_000 if SANDBOX else ADDRESS_CHANGES_PER_MINUTE}/m/ip"
ACCOUNT_RATE_LIMITS = {
    "login": _BY_ADDRESS,
    # While a password is checked it counts as a wrong one.
    "login_failed": f"{max(1, ADDRESS_CHANGES_PER_MINUTE // 2)}/m/ip,5/300s/key",
    "signup": _BY_ADDRESS,
    "reset_password": f"{_BY_ADDRESS},5/m/key",  # the key is the email address
    "reset_password_from_key": _BY_ADDRESS,
}

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
# Or any page could log its readers out here, by an image of that address.
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
