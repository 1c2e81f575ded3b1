"""Types and lengths of request fields: the tables of sections 3, 7 and 8 as data."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from sandbox import clock

Rule = Callable[[str], bool]
LOWEST_VND, HIGHEST_VND = 5_000, 999_999_999


def matching(pattern: str) -> Rule:
    """A rule that the whole value matches the pattern."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def is_stamp(value: str) -> bool:
    """Fourteen digits that are a real moment (section 9)."""
    try:
        clock.from_stamp(value)
    except ValueError:
        return False
    return True


def is_address(value: str) -> bool:
    """An IPv4 or IPv6 address of 7 to 45 characters; `::1` is too short by VNPay's table."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return 7 <= len(value) <= 45


def is_web_address(value: str) -> bool:
    """An absolute http(s) URL of 10 to 255 ASCII characters."""
    if not (10 <= len(value) <= 255 and value.isascii() and value.isprintable()):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def is_payable(value: str) -> bool:
    """Whole dong, times 100, within the gateway's limits (section 3)."""
    if not re.fullmatch(r"[1-9][0-9]{0,11}", value, re.ASCII):
        return False
    return int(value) % 100 == 0 and LOWEST_VND <= int(value) // 100 <= HIGHEST_VND


PAY_MUST: dict[str, Rule] = {
    "vnp_Version": matching(r"2\.1\.0"),
    "vnp_Command": matching("pay"),
    "vnp_TmnCode": matching("[A-Za-z0-9]{8}"),
    "vnp_Amount": is_payable,
    "vnp_CurrCode": matching("VND"),
    "vnp_TxnRef": matching("[A-Za-z0-9]{1,100}"),
    "vnp_OrderInfo": matching("[A-Za-z0-9 .,:_-]{1,255}"),
    "vnp_OrderType": matching("[A-Za-z0-9]{1,100}"),
    "vnp_Locale": matching("vn|en"),
    "vnp_ReturnUrl": is_web_address,
    "vnp_IpAddr": is_address,
    "vnp_CreateDate": is_stamp,
    "vnp_ExpireDate": is_stamp,
}
PAY_MAY: dict[str, Rule] = {"vnp_BankCode": matching("[A-Za-z0-9]{3,20}")}

_API_MUST: dict[str, Rule] = {
    "vnp_RequestId": matching("[A-Za-z0-9]{1,32}"),
    "vnp_Version": matching(r"2\.1\.0"),
    "vnp_TmnCode": matching("[A-Za-z0-9]{8}"),
    "vnp_TxnRef": matching("[A-Za-z0-9]{1,100}"),
    # Printable ASCII without the bar that joins the values of the checksum.
    "vnp_OrderInfo": matching(r"[ -{}~]{1,255}"),
    "vnp_TransactionDate": is_stamp,
    "vnp_CreateDate": is_stamp,
    "vnp_IpAddr": is_address,
    "vnp_SecureHash": matching("[A-Za-z0-9]{32,256}"),
}
API_MAY: dict[str, Rule] = {"vnp_TransactionNo": matching("[0-9]{1,15}")}
QUERY_MUST: dict[str, Rule] = {**_API_MUST, "vnp_Command": matching("querydr")}
REFUND_MUST: dict[str, Rule] = {
    **_API_MUST,
    "vnp_Command": matching("refund"),
    "vnp_TransactionType": matching("02|03"),
    "vnp_Amount": matching("[0-9]{1,12}"),
    "vnp_CreateBy": matching(r"[ -{}~]{1,245}"),
}


def find_malformed(
    values: Mapping[str, str], must: Mapping[str, Rule], may: Mapping[str, Rule]
) -> str | None:
    """The first field that is missing or breaks its rule; optional ones are judged when sent."""
    wrong_must = (name for name, rule in must.items() if not rule(values.get(name, "")))
    wrong_may = (name for name, rule in may.items() if name in values and not rule(values[name]))
    return next(wrong_must, None) or next(wrong_may, None)
