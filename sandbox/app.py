"""The ASGI application: routes and the life of one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox import (
    control,
    index_page,
    mail_pages,
    qstash_control,
    qstash_dlq,
    qstash_lists,
    qstash_messages,
    qstash_schedule_api,
)
from sandbox.config import Config
from sandbox.context import Sandbox
from sandbox.mail_server import Inbox
from sandbox.qstash_carrier import Carrier
from sandbox.store import Store
from sandbox.vnpay_api import serve_api
from sandbox.vnpay_ipn import Courier
from sandbox.vnpay_pay import ERROR_PATH, show_fault, show_payment, submit_choice
from sandbox.weather import Weather
from sandbox.web import ControlError

PAY_PATH = "/paymentv2/vpcpay.html"
API_PATH = "/merchant_webapi/api/transaction"
STATIC = Path(__file__).parent / "static"

VNPAY_ROUTES = [
    Route(PAY_PATH, show_payment, methods=["GET"]),
    Route(PAY_PATH, submit_choice, methods=["POST"]),
    Route(ERROR_PATH, show_fault, methods=["GET"]),
    Route(API_PATH, serve_api, methods=["POST"]),
]
QSTASH_ROUTES = [
    *qstash_messages.ROUTES,
    *qstash_dlq.ROUTES,
    *qstash_schedule_api.ROUTES,
    *qstash_lists.ROUTES,
]


def build_app(config: Config) -> Starlette:
    """One stand-in; it opens its store and takes up pending deliveries when it starts to serve."""

    @asynccontextmanager
    async def live(app: Starlette) -> AsyncIterator[None]:
        store = Store(config.data_file)
        weather, courier = Weather(store), Courier(config, store)
        carrier = Carrier(config.qstash, store, weather)
        inbox = Inbox(config, store, weather)
        app.state.sandbox = Sandbox(config, store, weather, courier, carrier)
        courier.resume()
        carrier.resume()
        await inbox.open()
        yield
        inbox.close()
        await courier.close()
        await carrier.close()
        store.close()

    # A page elsewhere on the web must not reach the control interface by a name of its own.
    own_names = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    return Starlette(
        routes=[
            *VNPAY_ROUTES,
            *QSTASH_ROUTES,
            *control.ROUTES,
            *qstash_control.ROUTES,
            *index_page.ROUTES,
            *mail_pages.ROUTES,
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[own_names],
        exception_handlers={ControlError: control.refuse},
        lifespan=live,
    )
