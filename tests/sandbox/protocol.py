"""The protocol once more, spelled out from vnpay.md by hand, to check the stand-in against.

Nothing here comes from the stand-in or from our client.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import string
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from tests.sandbox_process import HASH_SECRET, TMN_CODE

KEPT = string.ascii_letters + string.digits + "-_."
QUERY_SIGNED = (
    "RequestId",
    "Version",
    "Command",
    "TmnCode",
    "TxnRef",
    "TransactionDate",
    "CreateDate",
    "IpAddr",
    "OrderInfo",
)
REFUND_SIGNED = (
    "RequestId",
    "Version",
    "Command",
    "TmnCode",
    "TransactionType",
    "TxnRef",
    "Amount",
    "TransactionNo",
    "TransactionDate",
    "CreateBy",
    "CreateDate",
    "IpAddr",
    "OrderInfo",
)
ANSWER_SIGNED = (
    "ResponseId",
    "Command",
    "ResponseCode",
    "Message",
    "TmnCode",
    "TxnRef",
    "Amount",
    "BankCode",
    "PayDate",
    "TransactionNo",
    "TransactionType",
    "TransactionStatus",
    "OrderInfo",
    "PromotionCode",
    "PromotionAmount",
)

_numbers = itertools.count(1)


def hash_text(text: str, secret: str = HASH_SECRET) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


def encode(values: dict[str, str]) -> str:
    """Section 2.1, character by character."""
    return "&".join(f"{_form(name)}={_form(values[name])}" for name in sorted(values))


def _form(text: str) -> str:
    return "".join("+" if each == " " else _form_character(each) for each in text)


def _form_character(each: str) -> str:
    return each if each in KEPT else "".join(f"%{byte:02X}" for byte in each.encode())


def stamp(seconds: float = 0) -> str:
    """Vietnam's clock, so many seconds from now."""
    moment = datetime.now(UTC) + timedelta(hours=7, seconds=seconds)
    return moment.strftime("%Y%m%d%H%M%S")


def new_reference() -> str:
    return f"T{next(_numbers)}X{uuid.uuid4().hex[:12]}"


def pay_fields(**changes: str | None) -> dict[str, str]:
    """A good PAY request; a change of None leaves a field out."""
    values: dict[str, str | None] = {
        "vnp_Version": "2.1.0",
        "vnp_Command": "pay",
        "vnp_TmnCode": TMN_CODE,
        "vnp_Amount": "15000000",
        "vnp_CurrCode": "VND",
        "vnp_TxnRef": new_reference(),
        "vnp_OrderInfo": "Ve xem ca nhac: hang A, ghe 12",
        "vnp_OrderType": "other",
        "vnp_Locale": "vn",
        "vnp_ReturnUrl": "http://127.0.0.1:9/payments/vnpay/return/",
        "vnp_IpAddr": "127.0.0.1",
        "vnp_CreateDate": stamp(),
        "vnp_ExpireDate": stamp(900),
    }
    values.update({f"vnp_{name}": value for name, value in changes.items()})
    return {name: value for name, value in values.items() if value is not None}


def link(values: dict[str, str]) -> str:
    """The signed query of a payment link, to put behind the page's address."""
    text = encode({name: value for name, value in values.items() if value})
    return f"/paymentv2/vpcpay.html?{text}&vnp_SecureHash={hash_text(text)}"


def read_signed(url: str) -> dict[str, str]:
    """The parameters of a Return or IPN address, once their signature has been found right."""
    values = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    signature = values.pop("vnp_SecureHash")
    assert signature == hash_text(encode(values))
    return values


def query_fields(paid: dict[str, str], **changes: str | None) -> dict[str, str]:
    """A good querydr about a PAY request."""
    return _api_fields(paid, QUERY_SIGNED, {"vnp_Command": "querydr"}, changes)


def refund_fields(
    paid: dict[str, str], amount: int, kind: str, **changes: str | None
) -> dict[str, str]:
    """A good refund of so many VND of a PAY request."""
    own = {
        "vnp_Command": "refund",
        "vnp_TransactionType": kind,
        "vnp_Amount": str(amount * 100),
        "vnp_CreateBy": "tests",
    }
    return _api_fields(paid, REFUND_SIGNED, own, changes)


def _api_fields(
    paid: dict[str, str],
    signed: tuple[str, ...],
    own: dict[str, str],
    changes: dict[str, str | None],
) -> dict[str, str]:
    values: dict[str, str | None] = {
        "vnp_RequestId": uuid.uuid4().hex,
        "vnp_Version": "2.1.0",
        "vnp_TmnCode": TMN_CODE,
        "vnp_TxnRef": paid["vnp_TxnRef"],
        "vnp_OrderInfo": "Asked by a test",
        "vnp_TransactionDate": paid["vnp_CreateDate"],
        "vnp_CreateDate": stamp(),
        "vnp_IpAddr": "127.0.0.1",
        **own,
    }
    values.update({f"vnp_{name}": value for name, value in changes.items()})
    sent = {name: value for name, value in values.items() if value is not None}
    text = "|".join(sent.get(f"vnp_{name}", "") for name in signed)
    return {"vnp_SecureHash": hash_text(text), **sent}


def is_genuine_answer(answer: dict[str, str]) -> bool:
    """Whether an API answer carries its checksum: 15 values, 13 of them for a refund."""
    signed = ANSWER_SIGNED[:13] if answer["vnp_Command"] == "refund" else ANSWER_SIGNED
    text = "|".join(answer.get(f"vnp_{name}", "") for name in signed)
    return answer.get("vnp_SecureHash") == hash_text(text)
