"""Who said it: HMAC-SHA512 over names and values (section 2), or over values and bars (7, 8)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha512
from typing import Any
from urllib.parse import quote, quote_plus

HASH = "vnp_SecureHash"
UNHASHED = {HASH, "vnp_SecureHashType"}
HEX = re.compile(r"[0-9a-f]{128}")


class BadSignature(Exception):
    """VNPay did not sign this, or somebody changed it."""


def digest(message: str, secret: str) -> str:
    """HMAC-SHA512 of the UTF-8 text, as 128 lower-case hex digits."""
    return hmac.new(secret.encode(), _bytes(message), sha512).hexdigest()


def signed_query(parameters: Mapping[str, str], secret: str) -> str:
    """The query string that travels: encoded, sorted, empty values left out, hash at the end."""
    text = _canonical(parameters, _plus, keep_empty=False)
    return f"{text}&{HASH}={digest(text, secret)}"


def verified_parameters(pairs: Iterable[tuple[str, str]], secret: str) -> dict[str, str]:
    """The `vnp_` parameters of a callback, once their signature holds (section 2.2).

    Starts from decoded values and tries the ways in which VNPay's own tools encode them. Every
    `vnp_` parameter counts, known or not; others are ignored. Raises BadSignature, also for a
    repeated parameter. Empty values are left out: anybody can add them to what is signed.
    """
    parameters = _distinct(pair for pair in pairs if pair[0].startswith("vnp_"))
    given = parameters.get(HASH, "").lower()
    if not HEX.fullmatch(given):
        raise BadSignature("The hash is missing or malformed.")
    if not any(hmac.compare_digest(given, digest(text, secret)) for text in _readings(parameters)):
        raise BadSignature("The hash does not match.")
    return {name: value for name, value in parameters.items() if value and name not in UNHASHED}


def verify_bars(values: Iterable[str], given: str, secret: str) -> None:
    """Check the signature of an API answer: raw values joined by bars. Raises BadSignature."""
    expected = digest("|".join(values), secret)
    if not hmac.compare_digest(_bytes(given.lower()), _bytes(expected)):
        raise BadSignature("The answer's hash does not match.")


def signed_values(answer: Mapping[str, Any], names: Sequence[str], secret: str) -> dict[str, str]:
    """These values of an API answer, once the signature over them holds; "" for what it lacks.

    Raises BadSignature.
    """
    values = {name: _text(answer.get(name)) for name in names}
    verify_bars(values.values(), _text(answer.get(HASH)), secret)
    return values


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _distinct(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name in parameters:
            raise BadSignature(f"{name} is given twice.")
        parameters[name] = value
    return parameters


def _readings(parameters: Mapping[str, str]) -> Iterable[str]:
    # VNPay's samples differ in empty values, and integrators in spaces (section 2.2). Without the
    # secret nobody makes any of the four.
    for keep_empty in (False, True):
        yield _canonical(parameters, _plus, keep_empty=keep_empty)
        yield _canonical(parameters, _percent, keep_empty=keep_empty)


def _canonical(
    parameters: Mapping[str, str], encode: Callable[[str], str], *, keep_empty: bool
) -> str:
    return "&".join(
        f"{encode(name)}={encode(value)}"
        for name, value in sorted(parameters.items())
        if name not in UNHASHED and (value or keep_empty)
    )


def _plus(text: str) -> str:
    return _without_tilde(quote_plus(_bytes(text)))


def _percent(text: str) -> str:
    return _without_tilde(quote(_bytes(text), safe=""))


def _without_tilde(encoded: str) -> str:
    # Python leaves "~" alone, VNPay's encoding does not (section 2.1).
    return encoded.replace("~", "%7E")


def _bytes(text: str) -> bytes:
    # Half a surrogate pair, which JSON can carry, is no text: it must not match, nor be a fault.
    return text.encode(errors="surrogatepass")
