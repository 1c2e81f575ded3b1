"""How long and how much is sold, and through which VNPay."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.exceptions import ImproperlyConfigured

from ticketing.settings.environment import (
    SANDBOX,
    SANDBOX_PORT,
    check_address,
    flag,
    moment,
    number,
    secret,
    text,
)

ORDER_TTL_SECONDS = number("ORDER_TTL_SECONDS", 900)
ORDER_MAX_TICKETS = number("ORDER_MAX_TICKETS", 10)
CUSTOMER_MAX_TICKETS_PER_SHOWING = number("CUSTOMER_MAX_TICKETS_PER_SHOWING", 20)
SETTLE_GRACE_SECONDS = number("SETTLE_GRACE_SECONDS", 3600)
RECONCILE_DAYS = number("RECONCILE_DAYS", 2)
RESTORED_AT = moment("RESTORED_AT")  # when a backup was taken into use: docs/backup.md
if RESTORED_AT and datetime.now(UTC) < RESTORED_AT:
    raise ImproperlyConfigured(
        f"RESTORED_AT is {RESTORED_AT}, which is still to come. Look at its offset from UTC."
    )

VNPAY_TMN_CODE = secret("VNPAY_TMN_CODE", "SANDBOX1")
VNPAY_HASH_SECRET = secret("VNPAY_HASH_SECRET", "SANDBOXSECRETSANDBOXSECRETSANDBX")
VNPAY_PAYMENT_URL = secret(
    "VNPAY_PAYMENT_URL", f"http://127.0.0.1:{SANDBOX_PORT}/paymentv2/vpcpay.html"
)
VNPAY_API_URL = secret(
    "VNPAY_API_URL", f"http://127.0.0.1:{SANDBOX_PORT}/merchant_webapi/api/transaction"
)
check_address("VNPAY_PAYMENT_URL", VNPAY_PAYMENT_URL, may_be_clear=SANDBOX)  # for play money
check_address("VNPAY_API_URL", VNPAY_API_URL, may_be_clear=SANDBOX)
VNPAY_CONFIRM_ON_RETURN = flag("VNPAY_CONFIRM_ON_RETURN", default=True)
VNPAY_SERVER_IP = text("VNPAY_SERVER_IP", "127.0.0.1")
VNPAY_QUERY_INTERVAL_SECONDS = number("VNPAY_QUERY_INTERVAL_SECONDS", 300)
VNPAY_NOT_FOUND_MARGIN_SECONDS = number("VNPAY_NOT_FOUND_MARGIN_SECONDS", 60)
