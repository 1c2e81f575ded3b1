"""`run_campaign` and `process_refunds`, with threads and committed rows."""

from __future__ import annotations

import csv
import os
import signal
from io import StringIO
from threading import Event as Signal
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from jobs.models import Job
from orders.models import Order
from payments import services as payments
from payments.models import Payment, Reversal
from payments.services import advance_reversal
from refunds.models import CampaignOrder, Refund, RefundCampaign
from refunds.services import drive_campaign, pay_back, pay_back_approved, process_refunds
from tests.concurrency.conftest import run_together
from tests.refunds.campaigns import ORDERS, all_given_back, entries, start, take_up
from tests.rules import broken_rules
from tests.sandbox_process import wait_until
from ticketing.models import Event


@pytest.fixture(autouse=True)
def _database(transactional_db):
    """Threads see only what is committed."""


@pytest.fixture(autouse=True)
def _signals():
    """The commands take the signals that tell them to stop, and we are no command."""
    kept = [(each, signal.getsignal(each)) for each in (signal.SIGTERM, signal.SIGINT)]
    yield
    for each, handler in kept:
        signal.signal(each, handler)


def command(*arguments):
    """What it prints."""
    said = StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue()


def campaign(*arguments, by=None):
    return command("run_campaign", "big", *arguments, *(["--by", by.username] if by else []))


def test_a_dry_run_is_the_default_and_changes_nothing(sold):
    jobs = Job.objects.count()

    said = campaign()

    assert said == campaign("--dry-run")
    assert "dry run, nothing was changed" in said
    lines = {" ".join(line.split()) for line in said.splitlines()}
    assert "paid orders 12" in lines
    assert "left to go back 12,000,000.00 VND" in lines
    assert "orders without a payment that could give the money back 0" in lines
    assert not RefundCampaign.objects.exists()
    assert Job.objects.count() == jobs


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_report_of_no_campaign_is_refused_after_the_preview(sold, tmp_path, capsys, options):
    file = tmp_path / "report.csv"

    with pytest.raises(CommandError, match="no report was written"):
        call_command("run_campaign", "big", *options, "--report", str(file))

    assert "dry run, nothing was changed" in capsys.readouterr().out
    assert not file.exists()
    assert not RefundCampaign.objects.exists()


def test_it_is_driven_to_its_end_and_reported(vnpay, sold, admin, tmp_path):
    file = tmp_path / "report.csv"

    said = campaign("--start", "--report", str(file), by=admin)

    assert "is completed" in said
    assert all_given_back(vnpay) == [[1_000_000]] * ORDERS
    assert set(Order.objects.values_list("status", flat=True)) == {"refunded"}
    assert broken_rules() == {}
    rows = list(csv.DictReader(StringIO(file.read_text(encoding="utf-8-sig"))))
    assert len(rows) == ORDERS
    refund = Refund.objects.order_by("order_id").first()
    assert rows[0] == {
        "order": refund.order.code,
        "campaign": "done",
        "order status": "refunded",
        "total": "1000000.00",
        "refunded": "1000000.00",
        "reserved": "0.00",
        "currency": "VND",
        "refund": str(refund.pk),
        "refund status": "completed",
        "refund amount": "1000000.00",
        "note": "",
    }
    assert campaign("--start", by=admin) == said.replace(f"Every order is in {file}.\n", "")
    assert Refund.objects.count() == ORDERS


def test_what_needs_a_person_ends_with_an_error_and_can_be_retried(vnpay, sold, admin, tmp_path):
    vnpay.set_weather(refund_outcome={"value": "processing_then_rejected", "times": 1})

    with pytest.raises(CommandError, match="look at the listed orders"):
        campaign("--start", by=admin)
    with pytest.raises(CommandError):
        campaign()

    CampaignOrder.objects.filter(status="listed").update(note="=1+1")
    with pytest.raises(CommandError):
        campaign("--report", str(tmp_path / "report.csv"))
    assert "'=1+1" in (tmp_path / "report.csv").read_text()
    assert not (tmp_path / "report.csv.part").exists()
    assert Refund.objects.get(status="payment_failed").provider_error
    with pytest.raises(CommandError):
        campaign("--retry", by=admin)
    assert entries(RefundCampaign.objects.get()) == {"done": ORDERS - 1, "listed": 1}
    assert broken_rules() == {}


def test_a_pause_and_its_end(sold, admin):
    begun = start(Event.objects.get(slug="big"), admin)

    assert "is paused" in campaign("--pause", by=admin)
    with pytest.raises(CommandError, match="is paused"):
        campaign("--start", by=admin)
    assert "is completed" in campaign("--resume", by=admin)

    assert entries(begun) == {"done": ORDERS}


def test_chosen_orders_only(sold, admin, tmp_path):
    codes = list(Order.objects.order_by("pk").values_list("code", flat=True)[:3])
    (tmp_path / "codes").write_text("\n".join(codes[1:]))

    campaign("--orders", codes[0], "--orders-from", str(tmp_path / "codes"), "--start", by=admin)

    assert (
        list(Order.objects.filter(status="refunded").order_by("pk").values_list("code", flat=True))
        == codes
    )
    with pytest.raises(CommandError, match="has no order NOBODY"):
        campaign("--orders", "NOBODY", "--start", by=admin)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "no event nowhere"),
        (["big", "--showing", "999999"], "no showing 999999"),
        (["big", "--start"], "Say with --by"),
        (["big", "--start", "--by", "nobody"], "Say with --by"),
        (["big", "--reason", "fraud", "--start", "--by", "{admin}"], "Confirm the fraud first"),
        (["big", "--pause", "--by", "{admin}"], "no such campaign"),
        (["big", "--connections", "100"], "a whole number from 1 to"),
    ],
)
def test_what_makes_no_sense_is_refused(sold, admin, arguments, said):
    given = [argument.format(admin=admin.username) for argument in arguments]

    with pytest.raises(CommandError, match=said):
        command("run_campaign", *given)

    assert not RefundCampaign.objects.exists()


def test_a_file_that_can_not_be_written_or_read_is_refused_before_anything_is_done(
    sold, admin, tmp_path
):
    (tmp_path / "codes").write_bytes(b"\xff\xfe\x00")
    for arguments in (
        ["--report", str(tmp_path / "nowhere" / "report.csv")],
        ["--orders-from", str(tmp_path / "nothing")],
        ["--orders-from", str(tmp_path / "codes")],
    ):
        with pytest.raises(CommandError):
            campaign("--start", *arguments, by=admin)

    assert not RefundCampaign.objects.exists()


def test_several_drivers_and_jobs_at_once_refund_each_order_once(vnpay, sold, admin):
    begun = start(Event.objects.get(slug="big"), admin)

    def drive():
        drive_campaign(campaign_id=begun.pk, connections=3, stopping=Signal(), tell=dict)

    outcomes = run_together([drive, drive, lambda: take_up(begun), lambda: take_up(begun)])

    assert outcomes == {"done": 4}
    assert all_given_back(vnpay) == [[1_000_000]] * ORDERS
    assert Refund.objects.count() == ORDERS
    assert RefundCampaign.objects.get().status == "completed"
    assert broken_rules() == {}


def test_a_driver_that_is_told_to_stop_records_what_it_sends_and_another_goes_on(
    vnpay, sold, admin, monkeypatch
):
    begun = start(Event.objects.get(slug="big"), admin)
    stopping, honest = Signal(), payments.tell

    def stop_then_tell(reversal):
        stopping.set()
        return honest(reversal)

    monkeypatch.setattr(payments, "tell", stop_then_tell)
    drive_campaign(campaign_id=begun.pk, connections=2, stopping=stopping, tell=dict)

    ended = Order.objects.filter(status="refunded").count()
    assert 0 < ended <= 2
    assert Reversal.objects.filter(status="succeeded").count() == ended
    assert Reversal.objects.filter(status="created").count() == ORDERS - ended
    drive_campaign(campaign_id=begun.pk, connections=2, stopping=Signal(), tell=dict)
    assert all_given_back(vnpay) == [[1_000_000]] * ORDERS
    assert broken_rules() == {}


def stop_once(condition, what):
    """Send the command the signal of a container's stop, as soon as that is so."""

    def stop():
        try:
            wait_until(condition, seconds=60, what=what)
        finally:
            connection.close()
            os.kill(os.getpid(), signal.SIGTERM)

    return Thread(target=stop)


def refunded():
    return Order.objects.filter(status="refunded").count()


def test_who_stops_it_is_told_that_it_was_not_at_its_end(vnpay, sold, admin):
    vnpay.set_weather(refund_outcome="done", api_slow_seconds=0.3)
    stopping = stop_once(refunded, "the first refund")
    stopping.start()

    with pytest.raises(CommandError, match="Stopped before its end"):
        campaign("--start", "--connections", "1", by=admin)

    stopping.join()
    assert 0 < refunded() < ORDERS
    assert RefundCampaign.objects.get().status == "running"
    vnpay.set_weather(refund_outcome="done", api_slow_seconds=0)
    assert "is completed" in campaign("--start", by=admin)
    assert all_given_back(vnpay) == [[1_000_000]] * ORDERS


@pytest.fixture
def unsendable(sold):
    """A payment without the time of its request, which VNPay wants to hear again."""
    odd = Payment.objects.order_by("pk")[5]
    Payment.objects.filter(pk=odd.pk).update(provider_request={})
    return odd


def test_what_breaks_is_counted_and_ends_the_command_with_an_error(vnpay, unsendable, admin):
    stopping = stop_once(lambda: refunded() == ORDERS - 1, "the other refunds")
    stopping.start()

    with pytest.raises(CommandError, match=r"^\d+ steps failed and will be tried again"):
        campaign("--start", by=admin)

    stopping.join()
    assert Reversal.objects.get(payment=unsendable).status == "created"
    assert sum(map(len, all_given_back(vnpay))) == ORDERS - 1


def test_what_can_not_be_processed_ends_the_command_with_an_error(vnpay, unsendable, admin, capsys):
    take_up(start(Event.objects.get(slug="big"), admin))

    with pytest.raises(CommandError, match="could not be processed"):
        call_command("process_refunds", "--connections", "3")

    assert f"{ORDERS - 1} refunds ended" in capsys.readouterr().out
    assert Reversal.objects.get(payment=unsendable).status == "created"
    assert sum(map(len, all_given_back(vnpay))) == ORDERS - 1


def test_refunds_that_wait_for_another_do_not_keep_the_sweep_from_the_rest(
    vnpay, sold, admin, monkeypatch
):
    """They are older, and as many as a batch holds."""
    monkeypatch.setattr("refunds.services.process.BATCH", 2)
    begun = start(Event.objects.get(slug="big"), admin)
    take_up(begun)
    refunds = list(Refund.objects.order_by("pk"))
    for refund in refunds[:2]:
        stand_behind_another(refund)

    pay_back_approved()

    assert Reversal.objects.filter(status="created").count() == 2 + 2


def stand_behind_another(refund):
    """Give the order a second refund, whose reversal is not sent yet."""
    half = refund.amount / 2
    Refund.objects.filter(pk=refund.pk).update(amount=half)
    twin = Refund.objects.get(pk=refund.pk)
    twin.pk = None
    twin.save(force_insert=True)
    pay_back(refund_id=twin.pk)


def test_processing_sends_everything_once_and_can_be_limited(vnpay, sold, admin):
    begun = start(Event.objects.get(slug="big"), admin)
    take_up(begun)

    first = process_refunds(connections=2, limit=5)
    said = command("process_refunds", "--connections", "3")

    assert (first["asked"], first["ended"]) == (5, 5)
    assert said == "Asked the provider 7 times; 7 refunds ended, 0 failed with an error.\n"
    assert all_given_back(vnpay) == [[1_000_000]] * ORDERS
    assert process_refunds(connections=2) == {}
    assert broken_rules() == {}


def test_processing_finishes_what_ended_when_nobody_was_there_to_say_so(vnpay, sold, admin):
    """A crash came between the answer of the provider and what follows from it."""
    begun = start(Event.objects.get(slug="big"), admin)
    take_up(begun)
    for refund in Refund.objects.order_by("pk"):
        advance_reversal(pay_back(refund_id=refund.pk).reversal_id)
    assert set(Refund.objects.values_list("status", flat=True)) == {"processing"}

    outcomes = process_refunds(connections=2)

    assert outcomes == {"ended": ORDERS}
    assert set(Order.objects.values_list("status", flat=True)) == {"refunded"}
    assert all_given_back(vnpay) == [[1_000_000]] * ORDERS
    assert broken_rules() == {}
