"""What comes from outside about a payment: the browser's return and the provider's own call.

Neither has a session or a token; both are trusted for their signature alone, and end in the same
service. Whoever calls with another method than GET is told so, and not that a form has expired.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from orders.links import order_page
from payments import return_page, services
from payments.models import Channel, Payment
from payments.models.payment import PaymentQuerySet
from payments.operations.results import Recorded
from payments.providers import (
    PROVIDERS,
    Outcome,
    Provider,
    Result,
    UntrustedCallback,
    UnusableCallback,
    get_provider,
)
from ticketing.api.throttling import calls_of

logger = logging.getLogger(__name__)

# 00 and 02 end VNPay's calls, the others have it call again (vnpay.md 6.2). So a contradiction is
# answered as a repeat: it is a case, and calling again would tell nothing new.
IPN_ANSWERS = {
    Recorded.NEW: ("00", "Confirm Success"),
    Recorded.REPEATED: ("02", "Order already confirmed"),
    Recorded.CONTRADICTED: ("02", "Order already confirmed"),
    Recorded.UNKNOWN_REFERENCE: ("01", "Order not found"),
    Recorded.AMOUNT_MISMATCH: ("04", "Invalid amount"),
}

# Of a call that is kept. VNPay sends some twenty parameters of at most 255 characters each; whoever
# else calls must not fill the disk with a log that nobody may shorten.
MOST_KEPT, LONGEST_KEPT = 40, 300

UNREADABLE = {"state": "unreadable", "login_next": "/orders/"}


@csrf_exempt
@never_cache
@require_GET
def vnpay_ipn(request: HttpRequest) -> JsonResponse:
    """Answer VNPay's call with the code its table asks for (vnpay.md 6.1), always as HTTP 200."""
    try:
        code, message = _receive_ipn(request, get_provider("vnpay"), timezone.now())
    except Exception:
        logger.exception("The IPN could not be recorded; VNPay will call again.")
        code, message = "99", "Unknown error"
    return JsonResponse({"RspCode": code, "Message": message})


def _receive_ipn(request: HttpRequest, provider: Provider, now: datetime) -> tuple[str, str]:
    try:
        result = _read(request, provider, Channel.IPN, now)
    except UnusableCallback:
        return "99", "Unknown error"
    except UntrustedCallback:
        return "97", "Invalid signature"
    recorded = services.record_result(
        provider=provider.name, result=result, channel=Channel.IPN, now=now
    )
    return IPN_ANSWERS[recorded]


@csrf_exempt
@never_cache
@require_GET
def payment_return(request: HttpRequest, provider_name: str) -> HttpResponse:
    """Tell the person who comes back what became of the payment; record it, unless switched off."""
    if provider_name not in PROVIDERS:
        raise Http404
    provider, now = get_provider(provider_name), timezone.now()
    try:
        result = _read(request, provider, Channel.RETURN, now)
    except (UntrustedCallback, UnusableCallback):
        return render(request, "payments/return.html", UNREADABLE, status=400)
    # VNPay's acceptance test wants the IPN alone to confirm (vnpay.md 5).
    if settings.VNPAY_CONFIRM_ON_RETURN:
        services.record_result(
            provider=provider.name, result=result, channel=Channel.RETURN, now=now
        )
    return _show(request, provider, result)


def _show(request: HttpRequest, provider: Provider, result: Result) -> HttpResponse:
    """The attempt's real state, not what the address bar says."""
    payment = _attempts(provider.name).filter(txn_ref=result.txn_ref).first()
    if payment is None:
        return render(request, "payments/return.html", UNREADABLE, status=404)
    if settings.FRONTEND_URL:
        return HttpResponseRedirect(order_page(payment.order.code))
    state = return_page.state_of(payment)
    if state.startswith("checking") and result.outcome is Outcome.FAILED:
        # The provider's own word, where the page only displays: nothing of it was recorded.
        state = "failed"
    shown = return_page.shown(payment, state, request.user, timezone.now())
    return render(request, "payments/return.html", shown)


@never_cache
@require_GET
def return_state(request: HttpRequest, provider_name: str, txn_ref: str) -> JsonResponse:
    """What a return page that is still checking asks. Nobody guesses a reference."""
    payment = get_object_or_404(_attempts(provider_name), txn_ref=txn_ref)
    return JsonResponse({"state": return_page.state_of(payment)})


def _attempts(provider_name: str) -> PaymentQuerySet:
    return Payment.objects.filter(provider=provider_name).select_related(
        "order__event", "order__showing"
    )


def _pairs(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.GET.lists() for value in values]


def _read(request: HttpRequest, provider: Provider, channel: Channel, now: datetime) -> Result:
    """Keep the call, and give what it says. Raises as `Provider.read_callback`."""
    # Neither true nor forged: without any parameters, or signed and still not to be read.
    is_believed = None
    try:
        result = provider.read_callback(_pairs(request))
        is_believed = True
    except UntrustedCallback:
        is_believed = False
        raise
    # Kept before anything is done about it, and also what can't be believed.
    finally:
        if is_believed or _is_rare(request):
            _log(request, provider, channel, now, is_believed=is_believed)
    return result


def _is_rare(request: HttpRequest) -> bool:
    """Whether a call that is not believed is one of those from its address that are kept."""
    address = request.META.get("REMOTE_ADDR", "")
    try:
        count = calls_of(address, "unbelieved")
    except Exception:  # the cache is away: the call is answered as ever
        logger.exception("An unbelieved call from %s is not kept.", address)
        return False
    most = int(settings.ADDRESS_CHANGES_PER_MINUTE)
    if count == most + 1:
        logger.warning("No more unbelieved calls from %s are kept in this minute.", address)
    return count <= most


def _log(
    request: HttpRequest,
    provider: Provider,
    channel: Channel,
    now: datetime,
    *,
    is_believed: bool | None,
) -> None:
    pairs = _pairs(request)
    if is_believed:  # whoever has a signed address may add to it what nobody signed
        pairs = [(name, value) for name, value in pairs if name.startswith("vnp_") and value]
    services.log_message(
        provider,
        channel,
        {name[:LONGEST_KEPT]: value[:LONGEST_KEPT] for name, value in pairs[:MOST_KEPT]},
        txn_ref=request.GET.get("vnp_TxnRef", ""),
        at=now,
        remote_address=request.META.get("REMOTE_ADDR"),
        is_believed=is_believed,
    )
