"""Each step of the policy in a plain sentence, in Vietnamese and English."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from string import Formatter

import pytest
from django.utils import translation
from hypothesis import given

from refunds.explanations import SENTENCES, case_of, explain, in_language, sentences
from refunds.policy import Reason, Step, assess
from tests.refunds.policy_facts import LONG, SHORT, facts
from tests.refunds.test_policy_properties import any_facts, assessed

MINUTE = timedelta(minutes=1)


def told(asked, **options):
    return explain(assess(asked).steps, **options)


def texts(asked, language, **options):
    with translation.override(language):
        return sentences(told(asked, **options))


def text_of(asked, rule, language="en", **options):
    [step] = [step for step in told(asked, **options) if step["rule"] == rule]
    return step["text"][language]


# Together they make the policy say everything it can say.
CASES = [
    facts(left=LONG),
    facts(left=SHORT, prices=("333333.33", "0"), auto_approve=True),
    facts(left=SHORT - MINUTE, override=100, refunded_before=Decimal("600000.01")),
    facts(left=timedelta(0), override=0),
    facts(Reason.POSTPONED, refunded_before=Decimal("900000.00")),
    facts(Reason.CANCELLED, refunded_before=Decimal("0.01")),
    facts(Reason.FRAUD),
    facts(Reason.LATE_PAYMENT, payment_amount=Decimal(1)),
    facts(Reason.DUPLICATE_PAYMENT, payment_amount=Decimal(1)),
]


def test_a_personal_reason_in_english():
    asked = facts(left=timedelta(days=6, hours=2, minutes=1), prices=("333333.33", "1000000"))

    assert texts(asked, "en") == [
        "You asked on 2026-11-24 14:59, 6 days 2 hours 1 minute before the ticket sale ends on"
        " 2026-11-30 17:00 (Asia/Ho_Chi_Minh); that is at least 5 days, but less than 7 days:"
        " 60 % of the ticket price goes back.",
        "The 2 tickets you give back cost 1,333,333.33 VND together.",
        "60 % of 1,333,333.33 VND is 799,999.998 VND.",
        "799,999.998 VND is rounded to 800,000 VND.",
        "The organizer decides about this refund.",
    ]


def test_a_personal_reason_in_vietnamese():
    asked = facts(left=timedelta(days=6, hours=2, minutes=1), prices=("333333.33", "1000000"))

    assert texts(asked, "vi") == [
        "Bạn gửi yêu cầu lúc 2026-11-24 14:59, tức 6 ngày 2 giờ 1 phút trước khi ngừng bán vé lúc"
        " 2026-11-30 17:00 (Asia/Ho_Chi_Minh); do còn từ 5 ngày đến dưới 7 ngày nên bạn được hoàn"
        " 60% giá vé.",
        "2 vé bạn trả lại có tổng giá 1.333.333,33 VND.",
        "60% của 1.333.333,33 VND là 799.999,998 VND.",
        "799.999,998 VND được làm tròn thành 800.000 VND.",
        "Khoản hoàn tiền này do ban tổ chức quyết định.",
    ]


def test_a_postponed_event_in_both_languages():
    asked = facts(Reason.POSTPONED, refunded_before=Decimal("800000.00"))

    assert texts(asked, "en") == [
        "The event is postponed: 90 % of the order's total goes back on request.",
        "The whole order cost 1,000,000 VND.",
        "90 % of 1,000,000 VND is 900,000 VND.",
        "Of 900,000 VND, 800,000 VND went back before or is on its way; 100,000 VND is missing.",
        "An admin of the platform decides about this refund.",
    ]
    assert texts(asked, "vi") == [
        "Sự kiện bị hoãn nên bạn có thể yêu cầu hoàn 90% tổng giá trị đơn hàng.",
        "Tổng giá trị đơn hàng là 1.000.000 VND.",
        "90% của 1.000.000 VND là 900.000 VND.",
        "Trong 900.000 VND này, 800.000 VND đã được hoàn hoặc đang được hoàn; còn phải hoàn thêm"
        " 100.000 VND.",
        "Khoản hoàn tiền này do quản trị viên của nền tảng quyết định.",
    ]


def test_a_capped_override_in_both_languages():
    asked = facts(left=timedelta(days=-1), override=100, refunded_before=Decimal("600000.01"))

    assert texts(asked, "en") == [
        "You asked on 2026-12-01 17:00, when the ticket sale had ended on 2026-11-30 17:00"
        " (Asia/Ho_Chi_Minh); that is too late to get money back by the rules.",
        "An admin decided on 100 %; the rules alone would give 0 %.",
        "The 1 ticket you give back costs 500,000 VND.",
        "100 % of 500,000 VND is 500,000 VND.",
        "Of the order's 1,000,000 VND, 600,000.01 VND went back before or is on its way: no more"
        " than 399,999.99 VND can go back instead of 500,000 VND.",
        "The organizer decides about this refund.",
    ]
    assert texts(asked, "vi") == [
        "Bạn gửi yêu cầu lúc 2026-12-01 17:00, khi vé đã ngừng bán từ lúc 2026-11-30 17:00"
        " (Asia/Ho_Chi_Minh), nên theo quy định đã quá hạn hoàn tiền.",
        "Quản trị viên đã quyết định hoàn 100%; theo quy định thông thường là 0%.",
        "1 vé bạn trả lại có tổng giá 500.000 VND.",
        "100% của 500.000 VND là 500.000 VND.",
        "Trong tổng giá trị đơn hàng 1.000.000 VND, 600.000,01 VND đã được hoàn hoặc đang được"
        " hoàn, nên chỉ có thể hoàn 399.999,99 VND thay vì 500.000 VND.",
        "Khoản hoàn tiền này do ban tổ chức quyết định.",
    ]


def test_money_that_no_order_wanted_in_both_languages():
    late = facts(Reason.LATE_PAYMENT, payment_amount=Decimal(750_000))

    assert texts(late, "en") == [
        "Your payment came after the order had ended: 100 % of it goes back.",
        "This payment was 750,000 VND.",
        "100 % of 750,000 VND is 750,000 VND.",
        "This refund needs nobody's approval.",
    ]
    assert texts(late, "vi") == [
        "Thanh toán của bạn đến sau khi đơn hàng đã kết thúc nên bạn được hoàn 100% số tiền đó.",
        "Khoản thanh toán này là 750.000 VND.",
        "100% của 750.000 VND là 750.000 VND.",
        "Khoản hoàn tiền này không cần ai phê duyệt.",
    ]


@pytest.mark.parametrize(
    ("left", "english", "vietnamese"),
    [
        (LONG, "7 days", "7 ngày"),
        (LONG - timedelta(microseconds=1), "6 days 23 hours 59 minutes", "6 ngày 23 giờ 59 phút"),
        (LONG + timedelta(seconds=59), "7 days", "7 ngày"),
        (timedelta(days=8, hours=2), "8 days 2 hours", "8 ngày 2 giờ"),
        (timedelta(days=6, minutes=5), "6 days 5 minutes", "6 ngày 5 phút"),
        (timedelta(days=1, hours=1), "1 day 1 hour", "1 ngày 1 giờ"),
        (timedelta(seconds=59), "less than a minute", "chưa đến một phút"),
    ],
)
def test_the_time_that_is_left_is_never_told_longer_than_it_is(left, english, vietnamese):
    asked = facts(left=left, override=60)

    assert f", {english} before " in text_of(asked, "personal-window")
    assert f", tức {vietnamese} trước " in text_of(asked, "personal-window", "vi")


def test_moments_are_told_in_the_showings_zone_which_is_named():
    asked = facts(left=LONG)

    text = text_of(asked, "personal-window", time_zone="America/New_York")

    assert text.startswith("You asked on 2026-11-23 05:00, 7 days before")
    assert "ends on 2026-11-30 05:00 (America/New_York)" in text


def test_the_policy_needs_every_sentence_and_no_other():
    said = {case_of(step) for asked in CASES for step in assess(asked).steps}

    assert said == set(SENTENCES)


@pytest.mark.parametrize("case", SENTENCES)
def test_every_sentence_is_translated_with_all_of_its_figures(case):
    wordings = {}
    for language in ("en", "vi"):
        with translation.override(language):
            sentence = SENTENCES[case]
            wordings[language] = str(sentence % 2 if case == "base-tickets" else sentence)

    assert wordings["en"] != wordings["vi"]
    assert figures_in(wordings["en"]) == figures_in(wordings["vi"])


def figures_in(wording):
    return sorted(name for _, name, _, _ in Formatter().parse(wording) if name)


@given(any_facts())
def test_whatever_the_policy_says_can_be_told(asked):
    steps = assessed(asked).steps

    explained = explain(steps)

    assert [step["rule"] for step in explained] == [step.rule for step in steps]
    for step in explained:
        assert step["text"]["en"] != step["text"]["vi"]
        assert not {"{", "}", "\n"} & set(step["text"]["en"] + step["text"]["vi"])


def test_what_is_kept_is_json_with_the_exact_figures_of_the_step():
    asked = facts(Reason.CANCELLED)

    kept = json.loads(json.dumps(told(asked)))

    assert kept == told(asked)
    figures = [Step(step["rule"], step["inputs"], step["result"]) for step in kept]
    assert tuple(figures) == assess(asked).steps


def test_what_is_kept_does_not_depend_on_the_language_of_the_moment():
    with translation.override("vi"):
        in_vietnamese = told(facts())
        assert translation.get_language() == "vi"

    assert told(facts()) == in_vietnamese


def test_a_language_we_do_not_speak_falls_back_to_english():
    kept = told(facts())

    in_english = in_language(kept)
    with translation.override("fr"):
        assert in_language(kept) == in_english
    assert kept == told(facts()), "what is kept is not changed by reading it"


@pytest.mark.parametrize("language", ["en", "vi"])
def test_one_language_is_told_beside_the_figures(language):
    kept = told(facts())

    with translation.override(language):
        shown = in_language(kept)

    assert shown == [step | {"text": step["text"][language]} for step in kept]
