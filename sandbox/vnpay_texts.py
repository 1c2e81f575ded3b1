"""What the payment page says, in the two languages of vnp_Locale."""

from __future__ import annotations

Texts = dict[str, str]
TEXTS: dict[str, Texts] = {
    "vn": {
        "lang": "vi",
        "title": "Cổng thanh toán thử nghiệm",
        "amount_label": "Số tiền",
        "order_label": "Nội dung",
        "reference_label": "Mã giao dịch",
        "expires_label": "Hết hạn lúc",
        "left_label": "Còn lại",
        "cards_label": "Chọn thẻ thử nghiệm",
        "others_label": "Hoặc chọn kết quả khác",
        "pay_label": "Thanh toán",
        "cancel_label": "Hủy giao dịch",
        "left": "Bạn đã rời trang thanh toán. Giao dịch chưa hoàn tất.",
        "lost": "Mất kết nối. Trình duyệt không được chuyển về trang của người bán.",
        "fault": "Giao dịch không thể thực hiện",
    },
    "en": {
        "lang": "en",
        "title": "Test payment gateway",
        "amount_label": "Amount",
        "order_label": "Description",
        "reference_label": "Reference",
        "expires_label": "Expires at",
        "left_label": "Time left",
        "cards_label": "Choose a test card",
        "others_label": "Or choose another outcome",
        "pay_label": "Pay",
        "cancel_label": "Cancel",
        "left": "You left the payment page. The payment is not finished.",
        "lost": "The connection broke. The browser was not sent back to the merchant.",
        "fault": "The transaction cannot be processed",
    },
}

# The codes of section 3.3; everything else is shown as 99.
FAULTS = {
    "01": "Mã giao dịch đã được sử dụng / Reference already used",
    "03": "Dữ liệu không hợp lệ / Malformed data",
    "15": "Liên kết đã hết hạn hoặc sai múi giờ / Link expired or wrong clock",
    "70": "Sai chữ ký / Wrong signature",
    "71": "Website chưa được phê duyệt / Site not approved",
    "72": "Không tìm thấy website / Terminal not found",
    "76": "Ngân hàng không được hỗ trợ / Bank not supported",
    "99": "Lỗi khác / Other error",
}


def format_amount(amount: int) -> str:
    """Whole dong with dots between thousands, from VND times 100."""
    return f"{amount // 100:,}".replace(",", ".") + " ₫"
