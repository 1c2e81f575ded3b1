"""How staff get in, and what they see there."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from ticketing.back_office_looks import LOOKS
from ticketing.settings.environment import PUBLIC_HOST, SANDBOX, flag, number

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
