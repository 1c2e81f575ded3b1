"""Reversals that were recorded when a number of 0 was still taken for one."""

from __future__ import annotations

from payments.models import Reversal
from tests.migrations.going import go_back, migrate


def test_a_number_of_0_becomes_none_and_all_others_stay():
    go_back("payments", "0010")
    numberless, numbered, *_ = Reversal.objects.order_by("pk")
    give(numberless, "0")
    give(numbered, "14226190")
    before = numbers()

    migrate()

    assert numbers() == {**before, numberless.pk: ""}


def give(reversal, number):
    Reversal.objects.filter(pk=reversal.pk).update(provider_transaction_no=number)


def numbers():
    return dict(Reversal.objects.values_list("pk", "provider_transaction_no"))
