"""The `Idempotency-Key` header: the same request sent twice is answered as if sent once."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

HEADER = "Idempotency-Key"
# Printable ASCII; a space at either end would not arrive.
_ACCEPTABLE = r"[!-~]([ -~]{0,253}[!-~])?"
PARAMETER = OpenApiParameter(
    HEADER,
    pattern=f"^{_ACCEPTABLE}$",
    location=OpenApiParameter.HEADER,
    description="Yours, unique for each thing you want once. Send it again after a lost answer: "
    "you get what the first request made, in the state it is in by now.",
)


@dataclass(frozen=True)
class Idempotency:
    """What a service needs to recognise a request that it has answered before."""

    key: str | None
    digest: str


def idempotency_of(request: Request) -> Idempotency:
    """Read the key, and a digest of what is asked: equal for equal method, path and JSON body.

    Raises ValidationError (`invalid`) for a key that is not 1 to 255 printable ASCII characters.
    """
    key = request.headers.get(HEADER)
    if key is not None and not re.fullmatch(_ACCEPTABLE, key):
        raise ValidationError({HEADER: [_("Use 1 to 255 printable ASCII characters.")]})
    return Idempotency(key=key, digest=_digest(request))


def _digest(request: Request) -> str:
    # Sorted and without spaces, so that a client may write the same body in another way.
    asked = [request.method, request.path, request.data]
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
