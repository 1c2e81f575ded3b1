"""The statement that finds what is to be sent, written by hand, against the rule of the model."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

from django.db import transaction
from django.utils import timezone

from payments.locks import lock_unsent
from payments.models import Reversal, ReversalStatus
from tests.factories import paid_order
from tests.payments.reversed import give_back

OVER = (ReversalStatus.SUCCEEDED, ReversalStatus.REJECTED)


def test_what_is_locked_to_be_sent_is_new_and_due_as_the_model_says():
    reversal = give_back(paid_order().payments.get())
    rows = Reversal.objects.filter(pk=reversal.pk)
    now, moment = timezone.now(), timedelta(microseconds=1)
    locked = set()

    for status, due_at in product(ReversalStatus, (None, now - moment, now, now + moment)):
        if status in OVER and due_at:
            continue  # the database lets none of these be
        rows.update(
            status=status, due_at=due_at, sent_at=now, finished_at=now if status in OVER else None
        )
        with transaction.atomic():
            assert lock_unsent([reversal.pk]) == list(rows.filter(status="created"))
            found = lock_unsent([reversal.pk], due_at=now)
        assert found == list(rows.due(now).filter(status="created"))
        locked |= {(status, due_at) for _each in found}

    assert locked == {("created", now - moment), ("created", now)}
