"""What happens later: how jobs are woken up, and where mails go."""

from __future__ import annotations

import environ
from django.core.exceptions import ImproperlyConfigured

from ticketing.settings.environment import (
    DATA_DIR,
    PUBLIC_HOST,
    SANDBOX,
    SANDBOX_PORT,
    check_address,
    env,
    number,
    secret,
    text,
)

QSTASH_URL = text(
    "QSTASH_URL", f"http://127.0.0.1:{SANDBOX_PORT}" if SANDBOX else "https://qstash.upstash.io"
)
check_address("QSTASH_URL", QSTASH_URL, may_be_clear=SANDBOX)
# Calls for jobs come to the same threads as buyers do, and leave most of them to buyers.
QSTASH_PARALLELISM = number("QSTASH_PARALLELISM", 4)
# Not `text`: an empty one is how the sandbox is started without QStash.
QSTASH_TOKEN = str(env.str("QSTASH_TOKEN", "sandbox-qstash-token" if SANDBOX else "")).strip()
QSTASH_CURRENT_SIGNING_KEY = QSTASH_NEXT_SIGNING_KEY = ""
if QSTASH_TOKEN:  # without it, run_due_jobs does the work alone
    QSTASH_CURRENT_SIGNING_KEY = secret("QSTASH_CURRENT_SIGNING_KEY", "sig_sandbox_current_key")
    QSTASH_NEXT_SIGNING_KEY = secret("QSTASH_NEXT_SIGNING_KEY", "sig_sandbox_next_key")
    if QSTASH_CURRENT_SIGNING_KEY == QSTASH_NEXT_SIGNING_KEY and not SANDBOX:
        raise ImproperlyConfigured(
            "QSTASH_NEXT_SIGNING_KEY is the current key. Once QStash rotates them, every call of "
            "its would be refused: copy both."
        )

DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", f"tickets@{PUBLIC_HOST or 'localhost'}")
MAIL = environ.Env.email_url_config(secret("EMAIL_URL", "filemail://"))
EMAIL_BACKEND = "jobs.mail.QueuedBackend"
MAIL_DELIVERY_BACKEND = MAIL["EMAIL_BACKEND"]  # what a worker sends queued mails through
EMAIL_HOST, EMAIL_PORT = MAIL["EMAIL_HOST"], MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_USER"], MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.get("EMAIL_USE_TLS", False), MAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = MAIL["EMAIL_FILE_PATH"] or str(DATA_DIR / "mail")  # while EMAIL_URL is filemail:
EMAIL_TIMEOUT = 10
