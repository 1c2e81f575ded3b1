"""Whether the gateway opens a payment link, and the error code if not (sections 3 and 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from sandbox.clock import from_stamp
from sandbox.config import Config
from sandbox.records import Payment
from sandbox.vnpay_cards import BANKS
from sandbox.vnpay_fields import PAY_MAY, PAY_MUST, find_malformed
from sandbox.vnpay_signing import query_is_genuine

# A merchant whose clock runs further ahead than this uses a wrong time zone (section 9).
CLOCK_TOLERANCE = timedelta(minutes=10)


@dataclass(frozen=True)
class Fault:
    """Why a link is refused: the code for the browser, the reason for the developer's log."""

    code: str
    reason: str


def read_query(query: str) -> dict[str, str] | None:
    """The decoded `vnp_` parameters, or None when one is repeated or is not UTF-8."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except ValueError:
        return None
    ours = [pair for pair in pairs if pair[0].startswith("vnp_")]
    return dict(ours) if len(dict(ours)) == len(ours) else None


def find_fault(
    values: dict[str, str], config: Config, earlier: Payment | None, now: datetime
) -> Fault | None:
    """The first rule the link breaks. `earlier` is the payment already known by this TxnRef."""
    return (
        _find_stranger(values, config)
        or _find_malformed(values)
        or _find_wrong_time(values, now)
        or _find_wrong_site(values, config)
        or _find_unknown_bank(values)
        or _find_reuse(values, earlier)
    )


def _find_stranger(values: dict[str, str], config: Config) -> Fault | None:
    if values.get("vnp_TmnCode") != config.tmn_code:
        return Fault("72", "vnp_TmnCode is not the configured terminal")
    if not query_is_genuine(values, config.hash_secret):
        return Fault("70", "vnp_SecureHash does not match")
    return None


def _find_malformed(values: dict[str, str]) -> Fault | None:
    # Encoders differ on empty values, and 2.1.0 has no hash type: a client must send neither.
    empty = next((name for name, value in values.items() if not value), None)
    old = "vnp_SecureHashType" if "vnp_SecureHashType" in values else None
    name = empty or old or find_malformed(values, PAY_MUST, PAY_MAY)
    return Fault("03", f"{name} is missing or malformed") if name else None


def _find_wrong_time(values: dict[str, str], now: datetime) -> Fault | None:
    created, expires = from_stamp(values["vnp_CreateDate"]), from_stamp(values["vnp_ExpireDate"])
    if created > now + CLOCK_TOLERANCE:
        return Fault("15", "vnp_CreateDate lies in the future")
    if expires <= created:
        return Fault("15", "vnp_ExpireDate is not later than vnp_CreateDate")
    return Fault("15", "vnp_ExpireDate has passed") if expires <= now else None


def _find_wrong_site(values: dict[str, str], config: Config) -> Fault | None:
    host = urlsplit(values["vnp_ReturnUrl"]).hostname
    if config.return_hosts and host not in config.return_hosts:
        return Fault("71", f"the host of vnp_ReturnUrl is not registered: {host}")
    return None


def _find_unknown_bank(values: dict[str, str]) -> Fault | None:
    bank = values.get("vnp_BankCode", "")
    return Fault("76", f"no such bank: {bank}") if bank and bank not in BANKS else None


def _find_reuse(values: dict[str, str], earlier: Payment | None) -> Fault | None:
    # Reloading the very same unfinished link is what a browser does; anything else is a reuse.
    if earlier is None or (earlier.is_open and earlier.link == link_of(values)):
        return None
    return Fault("01", "vnp_TxnRef was already used")


def link_of(values: dict[str, str]) -> str:
    """What tells one payment link from another: its signature covers every field."""
    return values["vnp_SecureHash"].lower()
