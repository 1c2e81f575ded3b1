"""The JSON interface under /control/ for tests and scripts; loopback only, so no password."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.context import Sandbox, sandbox_of
from sandbox.records import Payment
from sandbox.vnpay_control import find_payment, open_link, pay, pay_many, send_ipn, show
from sandbox.weather import WeatherError
from sandbox.web import ControlError, read_json


async def health(request: Request) -> Response:
    """200 as soon as requests are served."""
    return JSONResponse({"status": "ok"})


async def show_weather(request: Request) -> Response:
    """All switches, or those of one transaction."""
    return JSONResponse(_forecast(sandbox_of(request), request.path_params.get("txn_ref", "")))


async def change_weather(request: Request) -> Response:
    """Set the switches of the body and leave the others; null unsets one."""
    sandbox, scope = sandbox_of(request), request.path_params.get("txn_ref", "")
    try:
        sandbox.weather.change(await read_json(request), scope)
    except WeatherError as problem:
        raise ControlError(400, str(problem)) from problem
    return JSONResponse(_forecast(sandbox, scope))


async def clear_weather(request: Request) -> Response:
    """Fair weather: for one transaction, or for all and everything."""
    sandbox, scope = sandbox_of(request), request.path_params.get("txn_ref", "")
    for each in [scope] if scope else ["", *sandbox.weather.scopes()]:
        sandbox.weather.clear(each)
    return JSONResponse(_forecast(sandbox, scope))


async def list_transactions(request: Request) -> Response:
    """Full state of every payment link that was opened, oldest first."""
    sandbox = sandbox_of(request)
    payments = sandbox.store.select(Payment)
    return JSONResponse({"transactions": [show(sandbox, payment) for payment in payments]})


async def show_transaction(request: Request) -> Response:
    """Full state of one."""
    sandbox = sandbox_of(request)
    return JSONResponse(show(sandbox, _payment(request)))


async def pay_transaction(request: Request) -> Response:
    """Pay an opened link."""
    wish = await read_json(request)
    return JSONResponse(await pay(sandbox_of(request), _payment(request), wish))


async def pay_link(request: Request) -> Response:
    """Open a payment link and pay it; the Return address is answered, not followed."""
    sandbox, wish = sandbox_of(request), await read_json(request)
    return JSONResponse(await pay(sandbox, open_link(sandbox, wish.get("payment_url")), wish))


async def pay_links(request: Request) -> Response:
    """Open and pay many links in one request; answers the number of each payment."""
    return JSONResponse({"paid": await pay_many(sandbox_of(request), await read_json(request))})


async def call_ipn(request: Request) -> Response:
    """Send one IPN now and wait for the merchant's answer."""
    wish = await read_json(request)
    return JSONResponse(await send_ipn(sandbox_of(request), _payment(request), wish))


async def reset(request: Request) -> Response:
    """Forget everything and stop all deliveries."""
    sandbox = sandbox_of(request)
    # Calls under way end first: what came of them would be kept in an empty store.
    await sandbox.courier.forget()
    await sandbox.carrier.forget()
    sandbox.store.clear()
    return JSONResponse({"status": "ok"})


async def refuse(request: Request, error: Exception) -> Response:
    """Turn a `ControlError` into its answer."""
    assert isinstance(error, ControlError)
    return JSONResponse({"error": str(error), **error.details}, status_code=error.status)


def _payment(request: Request) -> Payment:
    return find_payment(sandbox_of(request), request.path_params["txn_ref"])


def _forecast(sandbox: Sandbox, scope: str) -> Mapping[str, object]:
    if scope:
        return sandbox.weather.show(scope)
    own = {each: sandbox.weather.show(each) for each in sandbox.weather.scopes()}
    return {"global": sandbox.weather.show(), "transactions": own}


_ONE = "/control/transactions/{txn_ref}"
ROUTES = [
    Route("/control/health", health),
    Route("/control/reset", reset, methods=["POST"]),
    *[
        Route(path, handler, methods=[method])
        for path in ("/control/weather", "/control/weather/{txn_ref}")
        for method, handler in (
            ("GET", show_weather),
            ("PUT", change_weather),
            ("DELETE", clear_weather),
        )
    ],
    Route("/control/transactions", list_transactions),
    Route("/control/pay", pay_link, methods=["POST"]),
    Route("/control/pay-many", pay_links, methods=["POST"]),
    Route(_ONE, show_transaction),
    Route(f"{_ONE}/pay", pay_transaction, methods=["POST"]),
    Route(f"{_ONE}/ipn", call_ipn, methods=["POST"]),
]
