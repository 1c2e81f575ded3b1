"""The JWT of a delivery, HS256, written out by hand (qstash.md section 3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid

LIFETIME_SECONDS = 300


def sign(key: str, url: str, body: bytes, *, at: float) -> str:
    """The value of `Upstash-Signature` for one request; never twice the same."""
    issued = int(at)
    claims = {
        "iss": "Upstash",
        "sub": url,
        "exp": issued + LIFETIME_SECONDS,
        "nbf": issued,
        "iat": issued,
        "jti": f"jwt_{uuid.uuid4().hex}",
        "body": base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode(),
    }
    content = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    # The key is the text "sig_...", not what it might decode to.
    return f"{content}.{_encode(hmac.new(key.encode(), content.encode(), hashlib.sha256).digest())}"


def _part(value: object) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
