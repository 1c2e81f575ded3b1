"""Orders that are refunded together: what it costs, and what one of them does to the others."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from importlib import import_module
from threading import Event as Signal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Job
from orders.models import Order
from payments import services as payments
from payments.models import Channel, Payment, ProviderMessage, Reversal
from payments.services.sending import NOT_TOLD, SILENCE
from refunds.operations import campaigns
from refunds.services import drive_campaign, process_refunds, sending
from refunds.services.pay_back import record_answers
from refunds.services.process import opened
from refunds.services.run_campaign import take_some
from tests.payments.reversed import let_reversals_wait
from tests.refunds.campaigns import ORDERS, all_given_back, entries, start, take_up
from tests.rules import broken_rules
from ticketing.models import Event, LogRow

payments_sending = import_module("payments.services.sending")


@pytest.fixture(autouse=True)
def _database(transactional_db):
    """Threads see only what is committed."""


def statements_of(work):
    with CaptureQueriesContext(connection) as captured:
        done = work()
    return done, len(captured)


def test_many_orders_take_as_few_statements_as_one(sold, admin):
    begun = start(Event.objects.get(slug="big"), admin)
    assert campaigns.collect(begun) == ORDERS
    counts = []

    for most in (1, 1, 9):  # the first one also looks up what Django then remembers
        entries, approving = statements_of(lambda most=most: take_some(begun, most=most))
        refunds = [entry.refund_id for entry in entries]
        ids, opening = statements_of(lambda refunds=refunds: opened(refunds, Counter()))
        sent, marking = statements_of(lambda ids=ids: payments.mark_sent(ids))
        heard = payments.log_answers([payments.tell(reversal) for reversal in sent])
        ended, recording = statements_of(lambda heard=heard: record_answers(heard))
        assert len(entries) == len(ids) == len(sent) == len(ended) == most
        counts.append((approving, opening, marking, recording))

    assert counts[1] == counts[2]
    assert broken_rules() == {}


def test_who_records_an_answer_leaves_no_job_to_do_it(sold, admin):
    begun = start(Event.objects.get(slug="big"), admin)

    drive_campaign(campaign_id=begun.pk, connections=3, stopping=Signal(), tell=dict)

    assert entries(begun) == {"done": ORDERS}
    assert not Job.objects.filter(topic="payments.reversal_ended").exists()


def test_silence_is_noticed_before_all_are_sent_into_it(vnpay, sold, admin, settings, monkeypatch):
    settings.VNPAY_QUERY_INTERVAL_SECONDS = 300
    monkeypatch.setattr(sending, "SOON", 60.0)  # nobody waits for more answers once one is none
    begun = start(Event.objects.get(slug="big"), admin)
    take_up(begun)
    vnpay.set_weather(answer_lost=True, api_slow_seconds=0.1)

    process_refunds(connections=1)

    states = Counter(Reversal.objects.values_list("status", flat=True))
    assert SILENCE <= states["unknown"] < ORDERS
    assert states == {"unknown": states["unknown"], "created": ORDERS - states["unknown"]}
    assert sum(map(len, all_given_back(vnpay))) == states["unknown"]
    assert broken_rules() == {}


def test_what_waits_behind_a_call_without_answer_is_taken_back(vnpay, sold, admin):
    """It was marked so that its connection needs not wait, and nobody has told it yet."""
    begun = start(Event.objects.get(slug="big"), admin)
    take_up(begun)
    vnpay.set_weather(answer_lost=True, api_slow_seconds=0.5)

    process_refunds(connections=1)

    taken_back = LogRow.objects.filter(description=NOT_TOLD)
    assert taken_back.exists()
    waiting = Reversal.objects.filter(pk__in=taken_back.values("object_id"), status="created")
    assert waiting.filter(sent_at=None, called_at=None, was_answered=None).exists()
    messages = ProviderMessage.objects.filter(channel=Channel.ANSWER, body={"error": NOT_TOLD})
    assert messages.count() == taken_back.count()
    untold = Reversal.objects.filter(status="unknown").count()
    assert sum(map(len, all_given_back(vnpay))) == untold

    vnpay.clear_weather()
    vnpay.set_weather(refund_outcome="done")
    let_reversals_wait(minutes=10)
    process_refunds(connections=4)

    assert Counter(Reversal.objects.values_list("status", flat=True)) == {"succeeded": ORDERS}
    assert all(len(given) == 1 for given in all_given_back(vnpay))
    assert broken_rules() == {}


def test_what_waited_longer_than_its_lease_is_taken_back_and_told_later(
    vnpay, sold, admin, monkeypatch
):
    """Others may have found it sent and nobody at it: who tells it now may tell it twice."""
    monkeypatch.setattr(payments_sending, "LEASE", timedelta(seconds=3))
    begun = start(Event.objects.get(slug="big"), admin)
    take_up(begun)
    vnpay.set_weather(refund_outcome="done", api_slow_seconds=4.5)

    process_refunds(connections=1, limit=2)

    assert LogRow.objects.filter(description=NOT_TOLD).count() == 1
    assert sum(map(len, all_given_back(vnpay))) == 1
    assert Counter(Reversal.objects.values_list("status", flat=True)) == {
        "created": ORDERS - 1,
        "succeeded": 1,
    }

    vnpay.set_weather(refund_outcome="done", api_slow_seconds=0)
    process_refunds(connections=4)

    assert all(len(given) == 1 for given in all_given_back(vnpay))
    assert Counter(Reversal.objects.values_list("status", flat=True)) == {"succeeded": ORDERS}
    assert broken_rules() == {}


def test_one_that_can_not_be_sent_keeps_none_of_those_beside_it_from_going(vnpay, sold, admin):
    begun = start(Event.objects.get(slug="big"), admin)
    take_up(begun)
    odd = Payment.objects.order_by("pk")[5]
    Payment.objects.filter(pk=odd.pk).update(provider_request={})

    outcomes = process_refunds(connections=4)

    assert (outcomes["ended"], outcomes["asked"] >= ORDERS) == (ORDERS - 1, True)
    assert outcomes["failed"] >= 1
    assert Reversal.objects.get(payment=odd).status == "created"
    assert Order.objects.filter(status="refunded").count() == ORDERS - 1
    assert sum(map(len, all_given_back(vnpay))) == ORDERS - 1
    assert broken_rules() == {}


@pytest.fixture
def unopenable(sold):
    """A payment whose reversal the database does not take."""
    odd = Payment.objects.order_by("pk")[5]
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE payments_reversal "
            f"ADD CONSTRAINT test_odd_one_out CHECK (payment_id <> {odd.pk})"
        )
    yield odd
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_reversal DROP CONSTRAINT test_odd_one_out")


def test_a_refund_that_can_not_be_opened_is_told_and_keeps_no_other(vnpay, unopenable, admin):
    take_up(start(Event.objects.get(slug="big"), admin))

    with pytest.raises(CommandError, match="Some refunds could not be processed"):
        call_command("process_refunds", "--connections", "4")

    assert not Reversal.objects.filter(payment=unopenable).exists()
    assert Order.objects.filter(status="refunded").count() == ORDERS - 1
    assert broken_rules() == {}


def test_a_campaign_counts_what_can_not_be_opened(vnpay, unopenable, admin):
    begun = start(Event.objects.get(slug="big"), admin)
    stopping = Signal()

    def stop_after_the_others(counts):
        if counts["done"] == ORDERS - 1:
            stopping.set()

    failed = drive_campaign(
        campaign_id=begun.pk, connections=4, stopping=stopping, tell=stop_after_the_others
    )

    assert failed >= 1
    assert not Reversal.objects.filter(payment=unopenable).exists()
    assert Order.objects.filter(status="refunded").count() == ORDERS - 1
