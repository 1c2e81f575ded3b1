"""How often one customer may call, and how often all visitors of one address."""

from __future__ import annotations

import time
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView  # imports this module by its setting

MINUTE = 60
# Bits that one connection is given; below them it chooses by itself.
IPV6_HOME = 64


class PerCustomerThrottle(SimpleRateThrottle):
    """The rates `reading` and `changing` of the settings, counted apart."""

    def __init__(self) -> None:
        """The rate depends on the request, so nothing is known yet."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether this call is within its customer's rate."""
        self.scope = "reading" if request.method in SAFE_METHODS else "changing"
        self.num_requests, self.duration = self.parse_rate(self.get_rate())
        self.rate = self.get_rate()
        return bool(super().allow_request(request, view))

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """One counter for each customer; None, which means no limit, for visitors."""
        if not request.user or not request.user.is_authenticated:
            return None
        return f"throttle-{self.scope}-{request.user.pk}"


class PerAddressThrottle(BaseThrottle):
    """So many calls a minute from one address, by all who are not signed in there.

    One number in the cache for each address: a rush of visitors is to cost next to nothing.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether this call is within the rate of its address, or needs to keep none."""
        if request.user and request.user.is_authenticated:
            return True
        kind, most = "changing", settings.ADDRESS_CHANGES_PER_MINUTE
        if request.method in SAFE_METHODS:
            kind, most = "reading", settings.ADDRESS_READS_PER_MINUTE
        return calls_of(request.META.get("REMOTE_ADDR", ""), kind) <= int(most)

    def wait(self) -> float:
        """The seconds until the next minute begins."""
        return MINUTE - time.time() % MINUTE


def calls_of(address: str, kind: str) -> int:
    """How many of a kind there were in this minute, with this one; 0 where none is counted."""
    home = home_of(address)
    return 0 if home is None else _count(f"visitors-{kind}-{home}-{int(time.time()) // MINUTE}")


@lru_cache(maxsize=4096)
def home_of(address: str) -> str | None:
    """What counts as one address; None for one that is not public.

    That is a proxy which `TRUSTED_PROXIES` does not name, and everybody would seem to come from it.
    """
    try:
        parsed = ip_address(address.removeprefix("::ffff:"))  # as some servers write IPv4
    except ValueError:
        return None
    if not parsed.is_global:
        return None
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, IPV6_HOME), strict=False).network_address)
    return str(parsed)


def _count(key: str) -> int:
    """One more, and how many there are now."""
    try:
        return cache.incr(key)
    except ValueError:  # the first of its minute
        # If another is the first after all, this one is not counted: a lock would cost more.
        cache.add(key, 1, timeout=2 * MINUTE)
        return 1
