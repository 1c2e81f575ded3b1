"""The proof at the end of a fault run must notice what it says did not happen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from benchmarks.chaos.proof import broken_promises, wait_until_settled
from benchmarks.chaos.shoppers import Diary
from benchmarks.onsale.house import House
from jobs.models import Job
from payments.models import Reversal, ReversalStatus
from tests.factories import paid_order
from tests.refunds.moved import new_admin, unclear
from tests.sandbox_process import SandboxProcess

NO_HOUSE = House(showing=0, standing=0, places=0)


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[str]:
    """A provider that took no money and sent no mail."""
    with closing(SandboxProcess()) as process:
        process.start({})
        yield process.url


def test_nothing_is_wrong_where_nothing_happened(stand_ins):
    assert broken_promises(Diary(), NO_HOUSE, stand_ins) == []


@pytest.mark.parametrize(
    ("diary", "told"),
    [
        (Diary(orders={"NOSUCHCODE22"}), "1 acknowledged orders are gone"),
        (Diary(charged={"NOSUCHCODE22"}), "1 acknowledged payments are gone"),
        (Diary(paid={"NOSUCHCODE22"}), "1 acknowledged orders called paid are gone"),
        (Diary(refunds={0}), "1 acknowledged refunds are gone"),
        (Diary(silent_refusals=2), "2 answers 503 without Retry-After"),
    ],
)
def test_what_was_acknowledged_and_is_gone_is_told(stand_ins, diary, told):
    assert broken_promises(diary, NO_HOUSE, stand_ins) == [told]


def test_money_and_mails_that_only_the_product_knows_are_told(stand_ins):
    paid_order()

    assert broken_promises(Diary(), NO_HOUSE, stand_ins) == [
        "provider and product differ about 1 payments",
        "1 orders are paid, 0 mails were sent",
    ]


def test_a_refund_that_the_provider_never_heard_of_is_tried_again():
    refund = unclear(paid_order(), None)
    Job.objects.all().delete()
    told = []

    left = wait_until_settled(0, admin=new_admin(), tell=told.append)

    assert told == [f"Refund {refund.pk} is tried again: The provider does not say what it did."]
    assert "1 refunds are not back after 0 s" in left
    tries = Reversal.objects.order_by("pk").values_list("status", flat=True)
    assert list(tries) == [ReversalStatus.REJECTED, ReversalStatus.CREATED]
