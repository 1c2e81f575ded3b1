"""VNPay's two signatures: sorted form fields (PAY, Return, IPN) and values between bars (API)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus

SIGNATURE = "vnp_SecureHash"
NOT_SIGNED = frozenset({SIGNATURE, "vnp_SecureHashType"})


def encode(parameters: Mapping[str, str]) -> str:
    """The string that is hashed and that travels: steps 1 to 5 of section 2.1."""
    kept = sorted((name, value) for name, value in parameters.items() if _is_signed(name, value))
    return "&".join(f"{_form(name)}={_form(value)}" for name, value in kept)


def sign_query(parameters: Mapping[str, str], secret: str) -> str:
    """The query string with its signature at the end (section 2.1, step 7)."""
    text = encode(parameters)
    return f"{text}&{SIGNATURE}={_hash(text, secret)}"


def query_is_genuine(parameters: Mapping[str, str], secret: str) -> bool:
    """Whether the decoded parameters carry the signature of section 2.1; in doubt they do not."""
    return _same(parameters.get(SIGNATURE, ""), _hash(encode(parameters), secret))


def sign_values(values: Iterable[str], secret: str) -> str:
    """The API's checksum (sections 7 and 8): raw values in documented order, joined with bars."""
    return _hash("|".join(values), secret)


def values_are_genuine(values: Iterable[str], signature: str, secret: str) -> bool:
    """Whether `signature` is the API checksum of the values."""
    return _same(signature, sign_values(values, secret))


def _is_signed(name: str, value: str) -> bool:
    return name.startswith("vnp_") and name not in NOT_SIGNED and value != ""


def _form(text: str) -> str:
    # quote_plus leaves "~" alone, the documented encoding does not (section 2.3).
    return quote_plus(text, safe="").replace("~", "%7E")


def _hash(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


def _same(received: str, expected: str) -> bool:
    well_formed = re.fullmatch(r"[0-9a-fA-F]{128}", received) is not None
    return well_formed and hmac.compare_digest(received.lower(), expected)
