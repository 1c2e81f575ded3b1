"""The payment page that people see (sections 3 and 3.3)."""

from __future__ import annotations

import logging
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox import clock
from sandbox.context import Sandbox, sandbox_of
from sandbox.records import Payment
from sandbox.vnpay_cards import CANCEL, OUTCOMES, SUCCESS, Card, Outcome, cards_for, choose
from sandbox.vnpay_rules import Fault, find_fault, link_of, read_query
from sandbox.vnpay_settle import return_url_of, settle
from sandbox.vnpay_texts import FAULTS, TEXTS, Texts, format_amount
from sandbox.web import Markup, fill, join, page, read_form

logger = logging.getLogger(__name__)

ERROR_PATH = "/paymentv2/Payment/Error.html"


async def show_payment(request: Request) -> Response:
    """GET of a payment link: the page, or the gateway's error page."""
    opened = open_payment(sandbox_of(request), request.scope["query_string"].decode("latin-1"))
    if isinstance(opened, Fault):
        return RedirectResponse(f"{ERROR_PATH}?code={opened.code}", status_code=302)
    return _render(opened, clock.now())


async def submit_choice(request: Request) -> Response:
    """POST of the page's form: settle, then send the browser back to the merchant."""
    sandbox, form = sandbox_of(request), await read_form(request)
    payment = sandbox.store.find(Payment, txn_ref=form.get("txn_ref", ""))
    choice = choose(CANCEL if "cancel" in form else form.get("choice", ""))
    if payment is None or choice is None:
        return RedirectResponse(f"{ERROR_PATH}?code=03", status_code=302)
    if not payment.is_open:  # the form was sent twice
        return RedirectResponse(return_url_of(payment), status_code=302)
    settlement = await settle(sandbox, payment, choice)
    if settlement.return_url is None:
        return _explain(settlement.payment)
    return RedirectResponse(settlement.return_url, status_code=302)


async def show_fault(request: Request) -> Response:
    """The error page; it tells the merchant nothing, as the real one."""
    code = request.query_params.get("code", "")
    shown = code if code in FAULTS else "99"
    values = {"code": shown, "reason": FAULTS[shown]}
    return page("fault.html", values, title=TEXTS["vn"]["fault"], lang="vi")


def open_payment(sandbox: Sandbox, query: str) -> Payment | Fault:
    """Check a payment link and remember it; opening the same unfinished link again is harmless."""
    values = read_query(query)
    if values is None:
        return _refuse(Fault("03", "a parameter is repeated or not UTF-8"))
    earlier = sandbox.store.find(Payment, txn_ref=values.get("vnp_TxnRef", ""))
    fault = find_fault(values, sandbox.config, earlier, clock.now())
    if fault is not None:
        return _refuse(fault)
    payment = earlier or _to_payment(values)
    sandbox.store.save(payment)
    return payment


def _refuse(fault: Fault) -> Fault:
    logger.warning("Payment link refused with %s: %s", fault.code, fault.reason)
    return fault


def _to_payment(values: dict[str, str]) -> Payment:
    return Payment(
        txn_ref=values["vnp_TxnRef"],
        link=link_of(values),
        opened_at=clock.now().isoformat(),
        create_date=values["vnp_CreateDate"],
        expire_date=values["vnp_ExpireDate"],
        amount=int(values["vnp_Amount"]),
        order_info=values["vnp_OrderInfo"],
        locale=values["vnp_Locale"],
        return_url=values["vnp_ReturnUrl"],
        asked_bank=values.get("vnp_BankCode", ""),
    )


def _render(payment: Payment, now: datetime) -> Response:
    texts = TEXTS[payment.locale]
    expires = clock.from_stamp(payment.expire_date)
    values = {
        **texts,
        "amount": format_amount(payment.amount),
        "order_info": payment.order_info,
        "txn_ref": payment.txn_ref,
        "expires": f"{expires:%H:%M:%S %d/%m/%Y}",
        "seconds": max(0, int((expires - now).total_seconds())),
        "cards": join([_card_row(card, texts) for card in cards_for(payment.asked_bank)]),
        "others": join([_outcome_row(outcome, texts) for outcome in OUTCOMES.values()]),
    }
    return page("pay.html", values, title=texts["title"], lang=texts["lang"])


def _card_row(card: Card, texts: Texts) -> Markup:
    return fill(
        "choice.html",
        value=card.number,
        name=f"{card.bank} {card.number}",
        about=card.about,
        outcome=_say(OUTCOMES[card.outcome], texts),
    )


def _outcome_row(outcome: Outcome, texts: Texts) -> Markup:
    if outcome.name in (SUCCESS, CANCEL):  # the first card and the cancel button do these
        return Markup()
    codes = f"{outcome.response_code or '-'}/{outcome.status}"
    name = _say(outcome, texts)
    return fill("choice.html", value=outcome.name, name=name, about="", outcome=codes)


def _say(outcome: Outcome, texts: Texts) -> str:
    return outcome.vn if texts is TEXTS["vn"] else outcome.en


def _explain(payment: Payment) -> Response:
    texts = TEXTS[payment.locale]
    text = texts["left"] if payment.is_open else texts["lost"]
    return page("notice.html", {"text": text}, title=texts["title"], lang=texts["lang"])
