"""What can happen to a payment: the outcomes of section 4 and the test cards of section 12."""

from __future__ import annotations

from dataclasses import dataclass

SUCCESS, FRAUD, LEFT, CANCEL, EXPIRED = "success", "fraud", "left", "cancel", "expired"


@dataclass(frozen=True)
class Outcome:
    """One result: the two codes the merchant sees, and what a person is told.

    `moves_money`: the customer's account was debited, so VNPay has a number for it (section 4).
    """

    name: str
    response_code: str
    status: str
    vn: str
    en: str
    moves_money: bool = False


@dataclass(frozen=True)
class Card:
    """A test card; `group` is the value of vnp_BankCode that offers it beside its own bank."""

    number: str
    bank: str
    card_type: str
    group: str
    about: str
    outcome: str = SUCCESS


_OUTCOMES = (
    Outcome(SUCCESS, "00", "00", "Thành công", "Success", moves_money=True),
    Outcome(
        FRAUD,
        "07",
        "07",
        "Trừ tiền, nghi ngờ gian lận",
        "Debited, suspected fraud",
        moves_money=True,
    ),
    Outcome(
        "reversed",
        "99",
        "04",
        "Trừ tiền, giao dịch đảo",
        "Debited, being reversed",
        moves_money=True,
    ),
    Outcome(
        "unfinished",
        "00",
        "01",
        "Mã 00 nhưng chưa hoàn tất",
        "Code 00 but not finished",
        moves_money=True,
    ),
    Outcome(
        "not_registered", "09", "02", "Thẻ chưa đăng ký Internet Banking", "Card not activated"
    ),
    Outcome("wrong_details", "10", "02", "Sai thông tin thẻ quá 3 lần", "Wrong details 3 times"),
    Outcome(EXPIRED, "11", "02", "Hết hạn chờ thanh toán", "Payment window expired"),
    Outcome("locked", "12", "02", "Thẻ bị khóa", "Card locked"),
    Outcome("wrong_otp", "13", "02", "Sai OTP", "Wrong OTP"),
    Outcome(CANCEL, "24", "02", "Khách hàng hủy giao dịch", "Cancelled by the customer"),
    Outcome("insufficient", "51", "02", "Không đủ số dư", "Insufficient balance"),
    Outcome("limit", "65", "02", "Vượt hạn mức trong ngày", "Daily limit exceeded"),
    Outcome("maintenance", "75", "02", "Ngân hàng bảo trì", "Bank under maintenance"),
    Outcome("wrong_password", "79", "02", "Sai mật khẩu quá số lần", "Wrong password too often"),
    Outcome("other", "99", "02", "Lỗi khác", "Other error"),
    Outcome("card_expired", "99", "02", "Thẻ hết hạn", "Card expired"),
    # The customer chose a bank and went away: nothing is sent to the merchant (4.2, section 13).
    Outcome(LEFT, "", "01", "Khách hàng rời đi", "Customer leaves without finishing"),
)
OUTCOMES = {outcome.name: outcome for outcome in _OUTCOMES}

_NCB = "NGUYEN VAN A, 07/15, OTP 123456"
_WORLD = "NGUYEN VAN A, 12/26, CVC 123"
_NAPAS = "NGUYEN VAN A, 03/07, OTP otp"
_CARDS = (
    Card("9704198526191432198", "NCB", "ATM", "VNBANK", _NCB),
    Card("9704195798459170488", "NCB", "ATM", "VNBANK", _NCB, "insufficient"),
    Card("9704192181368742", "NCB", "ATM", "VNBANK", _NCB, "not_registered"),
    Card("9704193370791314", "NCB", "ATM", "VNBANK", _NCB, "locked"),
    Card("9704194841945513", "NCB", "ATM", "VNBANK", _NCB, "card_expired"),
    Card("4456530000001005", "VISA", "VISA", "INTCARD", _WORLD),
    Card("4456530000001096", "VISA", "VISA", "INTCARD", f"{_WORLD}, 3DS"),
    Card("5200000000001005", "MASTERCARD", "MASTERCARD", "INTCARD", _WORLD),
    Card("5200000000001096", "MASTERCARD", "MASTERCARD", "INTCARD", f"{_WORLD}, 3DS"),
    Card("3337000000000008", "JCB", "JCB", "INTCARD", _WORLD),
    Card("3337000000200004", "JCB", "JCB", "INTCARD", "NGUYEN VAN A, 12/24, CVC 123, 3DS"),
    Card("9704000000000018", "NAPAS", "ATM", "VNBANK", _NAPAS),
    Card("9704020000000016", "NAPAS", "ATM", "VNBANK", _NAPAS),
    Card("9704310005819191", "EXIMBANK", "ATM", "VNBANK", "NGUYEN VAN A, 10/26"),
    Card("VNPAYQR", "NCB", "QRCODE", "VNPAYQR", "QR"),
)
CARDS = {card.number: card for card in _CARDS}
BANKS = {card.bank for card in _CARDS} | {card.group for card in _CARDS}
DEFAULT_CARD = _CARDS[0]


@dataclass(frozen=True)
class Choice:
    """What the customer does on the page: pays with a card, with this result."""

    card: Card
    outcome: Outcome


def choose(name: str) -> Choice | None:
    """Understand a card number or the name of an outcome."""
    if name in CARDS:
        return Choice(CARDS[name], OUTCOMES[CARDS[name].outcome])
    if name in OUTCOMES:
        return Choice(DEFAULT_CARD, OUTCOMES[name])
    return None


def cards_for(asked_bank: str) -> list[Card]:
    """The cards to offer when the merchant named a bank or a kind of card (vnp_BankCode)."""
    return [card for card in _CARDS if asked_bank in ("", card.bank, card.group)]
