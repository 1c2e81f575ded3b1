"""Two who lock the same rows take them in one order, or each may wait for the other."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

LOCKED_TOGETHER = [model for model in apps.get_models() if hasattr(model._default_manager, "lock")]


def test_these_are_the_rows_that_are_locked_together():
    names = {model.__name__ for model in LOCKED_TOGETHER}

    assert names == {"Order", "Payment", "Refund", "Reversal", "Ticket"}


@pytest.mark.parametrize("model", LOCKED_TOGETHER, ids=lambda model: model.__name__)
def test_rows_are_locked_by_ascending_id(model):
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        model._default_manager.lock()

    table = model._meta.db_table
    [statement] = [each["sql"] for each in asked if "FOR UPDATE" in each["sql"]]
    assert statement.endswith(f'ORDER BY "{table}"."id" ASC FOR UPDATE OF "{table}"')
