"""The index page: transactions and weather for people, with small forms to change them."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.context import Sandbox, sandbox_of
from sandbox.qstash_records import Call, Message
from sandbox.records import Attempt, Payment, Refund, Switch
from sandbox.vnpay_cards import OUTCOMES
from sandbox.vnpay_control import find_payment, pay, send_ipn
from sandbox.vnpay_texts import format_amount
from sandbox.weather import SWITCHES, WeatherError
from sandbox.web import ControlError, Markup, fill, join, page, read_form

SHOWN_TRANSACTIONS = 100
SHOWN_MESSAGES = 50
SHOWN_BODY = 200


async def index(request: Request) -> Response:
    """The newest transactions and messages first, then the weather."""
    sandbox = sandbox_of(request)
    payments = sandbox.store.select(Payment)[::-1][:SHOWN_TRANSACTIONS]
    messages = sandbox.store.select(Message)[::-1][:SHOWN_MESSAGES]
    values = {
        "messages": join([_message_row(sandbox, message) for message in messages]),
        "transactions": join([_payment_row(sandbox, payment) for payment in payments]),
        "switches": join([_switch_row(switch) for switch in sandbox.store.select(Switch)]),
        "names": join([_option(name) for name in SWITCHES]),
        "about": join([_about(name) for name in SWITCHES]),
        "ipn_url": sandbox.config.ipn_url,
    }
    return page("index.html", values, title="Payment sandbox")


async def change_weather(request: Request) -> Response:
    """Set or unset one switch from the form."""
    form = await read_form(request)
    times = form.get("times", "").strip()
    wanted = {
        "value": _read_value(form.get("value", "")),
        "times": int(times) if times.isdecimal() else None,
    }
    try:
        scope = form.get("scope", "").strip()
        sandbox_of(request).weather.change({form.get("name", ""): wanted}, scope)
    except WeatherError as problem:
        raise ControlError(400, str(problem)) from problem
    return _back()


async def deliver_message(request: Request) -> Response:
    """Make the next attempt of a message now."""
    sandbox, message_id = sandbox_of(request), request.path_params["message_id"]
    message = sandbox.store.find(Message, id=message_id)
    if message is None:
        raise ControlError(404, f"There is no message {message_id}.")
    await sandbox.carrier.deliver_now(message)
    return _back()


async def call_ipn(request: Request) -> Response:
    """Send one IPN now."""
    payment = find_payment(sandbox_of(request), request.path_params["txn_ref"])
    await send_ipn(sandbox_of(request), payment, {})
    return _back()


async def decide(request: Request) -> Response:
    """Decide a payment that was left or is suspected, whatever the hour."""
    form = await read_form(request)
    payment = find_payment(sandbox_of(request), request.path_params["txn_ref"])
    await pay(sandbox_of(request), payment, {"outcome": form.get("outcome"), "late": True})
    return _back()


def _back() -> Response:
    return RedirectResponse("/", status_code=303)


def _read_value(text: str) -> object:
    """A JSON value, a bare word as text, and nothing as "unset"."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip() or None


def _payment_row(sandbox: Sandbox, payment: Payment) -> Markup:
    attempts = sandbox.store.select(Attempt, txn_ref=payment.txn_ref)
    refunds = sandbox.store.select(Refund, txn_ref=payment.txn_ref)
    return fill(
        "index_payment.html",
        txn_ref=payment.txn_ref,
        order_info=payment.order_info,
        amount=format_amount(payment.amount),
        outcome=payment.outcome or "opened",
        codes=f"{payment.response_code or '-'}/{payment.status or '-'}",
        ipn=", ".join(each.rsp_code or each.error or "?" for each in attempts) or "none",
        refunds=", ".join(format_amount(each.amount) for each in refunds) or "none",
        actions=_actions(payment),
    )


def _message_row(sandbox: Sandbox, message: Message) -> Markup:
    calls = sandbox.store.select(Call, message_id=message.id)
    return fill(
        "index_message.html",
        id=message.id,
        url=message.url,
        label=message.label or "-",
        body=message.body[:SHOWN_BODY].decode(errors="replace"),
        state=message.state,
        answers=", ".join(str(each.status or each.error) for each in calls) or "none",
    )


def _actions(payment: Payment) -> Markup:
    parts = []
    if payment.callback:
        parts.append(fill("index_ipn.html", txn_ref=payment.txn_ref))
    if not payment.is_final:
        options = join([_option(name) for name in OUTCOMES])
        parts.append(fill("index_decide.html", txn_ref=payment.txn_ref, options=options))
    return join(parts)


def _switch_row(switch: Switch) -> Markup:
    return fill(
        "index_switch.html",
        scope=switch.scope,
        shown_scope=switch.scope or "all",
        name=switch.name,
        value=switch.value,
        times=switch.times or "always",
    )


def _option(name: str) -> Markup:
    return fill("option.html", name=name)


def _about(name: str) -> Markup:
    kind = SWITCHES[name]
    return fill("index_about.html", name=name, about=kind.about, values=kind.values)


ROUTES = [
    Route("/", index),
    Route("/weather", change_weather, methods=["POST"]),
    Route("/messages/{message_id}/deliver", deliver_message, methods=["POST"]),
    Route("/transactions/{txn_ref}/ipn", call_ipn, methods=["POST"]),
    Route("/transactions/{txn_ref}/pay", decide, methods=["POST"]),
]
