"""What one running stand-in consists of, and how a request handler reaches it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from sandbox.config import Config
from sandbox.qstash_carrier import Carrier
from sandbox.store import Store
from sandbox.vnpay_ipn import Courier
from sandbox.weather import Weather


@dataclass(frozen=True)
class Sandbox:
    """The parts of one process, made when it starts."""

    config: Config
    store: Store
    weather: Weather
    courier: Courier
    carrier: Carrier


def sandbox_of(request: Request) -> Sandbox:
    """The stand-in that serves this request."""
    sandbox = request.app.state.sandbox
    assert isinstance(sandbox, Sandbox)
    return sandbox
