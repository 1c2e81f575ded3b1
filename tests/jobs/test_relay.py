"""From the outbox through the QStash stand-in and back to the endpoint, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from qstash.errors import QStashError

from jobs import outbox, qstash, schedules
from jobs.mail import queue_mail
from jobs.management.commands.publish_jobs import LONGEST_WAIT, Command, pause_after
from jobs.models import Job
from jobs.outbox import enqueue
from jobs.relay import BATCH, claim_waiting_jobs, publish_all, publish_waiting_jobs
from jobs.schedules import Schedule, declared
from jobs.services import run_due_jobs
from tests.factories import from_now
from tests.sandbox.endpoint import Answer, Endpoint
from tests.sandbox_process import SandboxProcess, wait_until

TOKEN = "a-token-that-only-tests-know"
NEVER = threading.Event()  # nobody tells the relay to stop
CURRENT, NEXT = "sig_current_key_of_the_relay_tests_1", "sig_next_key_of_the_relay_tests_0002"


@pytest.fixture(autouse=True)
def _database(transactional_db):
    """The endpoint runs in other threads, which see only what is committed."""


@pytest.fixture(scope="module")
def _process():
    process = SandboxProcess()
    process.start(
        {
            "QSTASH_TOKEN": TOKEN,
            "QSTASH_CURRENT_SIGNING_KEY": CURRENT,
            "QSTASH_NEXT_SIGNING_KEY": NEXT,
            "SANDBOX_QSTASH_RETRY_FACTOR": "0.01",
        }
    )
    yield process
    process.close()


@pytest.fixture
def stand_in(_process, settings, live_server):
    """QStash, delivering to this very process."""
    settings.QSTASH_URL, settings.QSTASH_TOKEN = _process.url, TOKEN
    settings.QSTASH_CURRENT_SIGNING_KEY, settings.QSTASH_NEXT_SIGNING_KEY = CURRENT, NEXT
    settings.PUBLIC_URL = live_server.url
    _process.reset()
    yield _process
    _process.clear_weather()
    forget_client()


def forget_client():
    """The next call makes one for the settings of its test."""
    qstash.client().http._client.close()
    qstash.client.cache_clear()


@pytest.fixture
def runs(monkeypatch):
    counted: Counter[int] = Counter()
    guard = threading.Lock()

    def count(*, number):
        with guard:
            counted[number] += 1

    monkeypatch.setitem(outbox._handlers, "test.count", count)
    return counted


def make_jobs(count, **timing):
    run_at = from_now(**timing) if timing else timezone.now()
    return [enqueue("test.count", run_at=run_at, number=n) for n in range(count)]


def all_done():
    return not Job.objects.exclude(status="done").exists()


def test_a_job_is_published_delivered_and_run_once(stand_in, runs):
    make_jobs(5)

    assert publish_waiting_jobs() == (5, 5)

    wait_until(all_done, seconds=20, what="the deliveries")
    assert runs == dict.fromkeys(range(5), 1)


def test_publishing_writes_down_the_message(stand_in, runs):
    [job] = make_jobs(1, minutes=10)

    publish_waiting_jobs()

    job = Job.objects.get(pk=job.pk)
    assert job.status == "published"
    assert job.message_id.startswith("msg_")
    assert job.published_at is not None


def test_a_job_of_the_future_is_delivered_then_and_not_before(stand_in, runs):
    [job] = make_jobs(1, seconds=3)

    publish_waiting_jobs()

    wait_until(all_done, seconds=20, what="the delivery")
    assert Job.objects.get().finished_at >= job.run_at
    assert Job.objects.get().attempts == 1


def test_a_published_job_is_not_published_again(stand_in, runs):
    make_jobs(3, minutes=10)
    publish_all(NEVER)

    assert publish_waiting_jobs() == (0, 0)


def test_a_heap_goes_out_by_several_batches_at_a_time_and_each_job_once(stand_in, runs):
    make_jobs(4 * BATCH, minutes=10)
    publish_waiting_jobs()  # makes the client
    stand_in.set_weather(qstash_slow_seconds=1)

    with ThreadPoolExecutor(1) as relay:
        published = relay.submit(publish_all_and_close)
        wait_until(lambda: being_published() == 2 * BATCH, seconds=20, what="two batches")

    assert published.result() == (3 * BATCH, 3 * BATCH)
    assert Job.objects.filter(status="published").count() == 4 * BATCH
    assert Job.objects.values("message_id").distinct().count() == 4 * BATCH


def being_published():
    return Job.objects.filter(publishing_until__isnull=False).count()


def publish_all_and_close():
    try:
        return publish_all(NEVER)
    finally:
        connection.close()


def test_a_heap_that_comes_into_an_outage_waits_whole(stand_in, runs):
    make_jobs(3 * BATCH, minutes=10)
    publish_waiting_jobs()
    stand_in.set_weather(qstash_down=True)

    with pytest.raises(QStashError):
        publish_all(NEVER)

    assert being_published() == 0
    stand_in.clear_weather()
    assert publish_all(NEVER) == (2 * BATCH, 2 * BATCH)


def test_a_relay_that_is_told_to_stop_leaves_the_rest_of_a_heap(stand_in, runs):
    make_jobs(3 * BATCH, minutes=10)
    stopping = threading.Event()
    stopping.set()

    assert publish_all(stopping) == (BATCH, BATCH)

    assert Job.objects.filter(status="pending", publishing_until=None).count() == 2 * BATCH


def test_a_job_beyond_qstashs_horizon_waits_here(stand_in, runs):
    make_jobs(1, days=20)

    assert publish_waiting_jobs() == (0, 0)
    assert Job.objects.get().status == "pending"


OUTAGES = [
    {"qstash_down": True},
    {"qstash_down": "cut"},
    {"qstash_answer_lost": True},
    {"qstash_answer_lost": "error"},
    {"qstash_limited": True},
    {"qstash_limited": "daily"},
    {"qstash_slow_seconds": 12},  # longer than the relay waits for an answer
]


@pytest.mark.parametrize("weather", OUTAGES, ids=str)
def test_no_job_is_lost_or_run_twice_when_publishing_fails(stand_in, runs, weather):
    make_jobs(5)
    stand_in.set_weather(**weather)

    with pytest.raises(Exception, match=r".*"):
        publish_waiting_jobs()

    stand_in.clear_weather()
    publish_all(NEVER)
    wait_until(all_done, seconds=20, what="the deliveries")
    assert runs == dict.fromkeys(range(5), 1)


def test_nobody_listening_is_noticed_soon_and_the_jobs_wait(stand_in, runs, settings):
    settings.QSTASH_URL = "http://127.0.0.1:9"
    make_jobs(2)

    with pytest.raises(Exception, match="refused"):
        publish_waiting_jobs()

    assert set(Job.objects.values_list("status", "publishing_until")) == {("pending", None)}
    assert run_due_jobs() == {"done": 2}


def test_two_shops_of_one_account_are_not_taken_for_one(runs, settings):
    """QStash knows duplicates and limits by account (qstash.md 1.3)."""
    [job] = make_jobs(1)

    def told_apart_by(address):
        settings.PUBLIC_URL = address
        request = qstash._request(job, timezone.now())
        return request["deduplication_id"], request["flow_control"]["key"]

    here, again, there = map(
        told_apart_by, ["https://a.example.org", "https://a.example.org", "https://b.example.org"]
    )

    assert here == again
    assert not set(here) & set(there)


@pytest.fixture
def without_batches(settings):
    """It takes two of three messages."""
    plain = Endpoint("")
    settings.QSTASH_URL, settings.QSTASH_TOKEN = plain.url, TOKEN
    plain.answers = [
        Answer(404, body=b'{"error": "not found"}'),
        Answer(201, body=b'{"messageId": "msg_first"}'),
        Answer(400, body=b'{"error": "refused"}'),
        Answer(201, body=b'{"messageId": "msg_third"}'),
    ]
    with closing(plain):
        yield
    forget_client()


def test_where_there_are_no_batches_each_job_is_published_alone(without_batches, runs):
    make_jobs(3)

    assert publish_waiting_jobs() == (3, 2)

    told = Job.objects.order_by("pk").values_list("status", "message_id")
    assert list(told) == [("published", "msg_first"), ("pending", ""), ("published", "msg_third")]


def test_publishing_once_counts_what_qstash_took_and_fails_for_what_it_refused(
    without_batches, runs, capsys
):
    make_jobs(3)

    with pytest.raises(CommandError, match="refused 1 more"):
        call_command("publish_jobs", once=True)

    assert capsys.readouterr().out == "Published 2 jobs.\n"


def test_publishing_once_tells_how_many_there_were_and_ends(stand_in, runs, capsys):
    make_jobs(3, minutes=10)

    call_command("publish_jobs", once=True)

    assert capsys.readouterr().out == "Published 3 jobs.\n"
    assert Job.objects.filter(status="published").count() == 3


def test_a_job_put_off_is_published_anew_although_its_first_message_was_a_moment_ago(
    stand_in, runs
):
    """QStash takes two messages of one id within ten minutes for one."""
    make_jobs(1, minutes=10)
    publish_all(NEVER)
    job = Job.objects.get()
    first = job.message_id

    job.postpone(until=from_now(minutes=20))
    job.save()
    publish_all(NEVER)

    assert Job.objects.get().message_id not in ("", first)


def test_qstash_is_asked_to_try_often_enough_to_outlast_a_short_outage(stand_in, runs):
    """Which is as often as every plan allows; unasked it would be three times."""
    make_jobs(1, minutes=10)

    publish_all(NEVER)

    message = qstash.client().message.get(Job.objects.get().message_id)
    assert message.max_retries == 5


def test_an_address_that_knows_no_messages_at_all_is_an_error(runs, settings):
    nothing = Endpoint("", usual=Answer(404, body=b'{"error": "not found"}'))
    settings.QSTASH_URL, settings.QSTASH_TOKEN = nothing.url, TOKEN
    make_jobs(3)

    with closing(nothing), pytest.raises(QStashError):
        publish_waiting_jobs()
    forget_client()

    assert set(Job.objects.values_list("status", "publishing_until")) == {("pending", None)}


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_refusal_of_all_is_not_taken_for_want_of_batches(runs, settings, status):
    closed = Endpoint("", usual=Answer(status, body=b'{"error": "refused"}'))
    settings.QSTASH_URL, settings.QSTASH_TOKEN = closed.url, TOKEN
    make_jobs(3)

    with closing(closed), pytest.raises(QStashError):
        publish_waiting_jobs()
    forget_client()

    assert [asked.path for asked in closed.deliveries] == ["/v2/batch"]
    assert set(Job.objects.values_list("status", "publishing_until")) == {("pending", None)}


def test_a_relay_that_died_after_publishing_does_no_harm(stand_in, runs):
    jobs = make_jobs(3)
    claimed = claim_waiting_jobs(now=timezone.now())
    qstash.publish(claimed, now=timezone.now())  # and then it dies, before writing it down
    wait_until(all_done, seconds=20, what="the deliveries")

    Job.objects.update(publishing_until=from_now(seconds=-1))
    publish_all(NEVER)

    assert runs == dict.fromkeys(range(3), 1)
    assert set(Job.objects.values_list("status", flat=True)) == {"done"}
    assert len(jobs) == 3


BAD_WEATHER = [
    {"qstash_twice": True},
    {"qstash_reversed_seconds": 1},
    {"qstash_late_seconds": 1},
    {"qstash_signature": {"value": "wrong_key", "times": 3}},
]


@pytest.mark.parametrize("weather", BAD_WEATHER, ids=lambda weather: next(iter(weather)))
def test_whatever_the_deliveries_do_each_job_runs_once(stand_in, runs, weather):
    stand_in.set_weather(**weather)
    make_jobs(8)

    publish_all(NEVER)

    wait_until(all_done, seconds=40, what="the deliveries")
    assert runs == dict.fromkeys(range(8), 1)


def test_a_dropped_message_is_made_up_for_by_the_sweep(stand_in, runs):
    stand_in.set_weather(qstash_dropped=True)
    make_jobs(3)
    publish_all(NEVER)
    Job.objects.update(run_at=from_now(seconds=-90))

    call_command("run_due_jobs", overdue_by=60)

    assert runs == dict.fromkeys(range(3), 1)


def test_rotated_keys_are_good_once_and_not_twice(stand_in, runs):
    rotate(stand_in)
    make_jobs(2)
    publish_all(NEVER)
    wait_until(all_done, seconds=20, what="the deliveries signed with the next key")

    rotate(stand_in)
    make_jobs(1)
    publish_all(NEVER)
    wait_until(lambda: 401 in answers_to(stand_in), seconds=20, what="a refused delivery")

    assert Job.objects.filter(status="published").count() == 1
    assert runs[0] == 1


def rotate(stand_in):
    stand_in.http.post("/v2/keys/rotate", headers={"Authorization": f"Bearer {TOKEN}"})


def answers_to(stand_in):
    """The statuses that our endpoint has answered deliveries with."""
    messages = stand_in.control("GET", "qstash/messages")["messages"]
    return {attempt["status"] for message in messages for attempt in message["attempts"]}


def test_the_command_that_stays_is_woken_by_a_new_job(stand_in, runs):
    """Two relays side by side; polling would take a minute, so only the wake-up can be so quick."""
    stopping = threading.Event()

    def relay():
        command = Command()
        while not stopping.is_set():
            publish_all(stopping)
            command._wait_for_news(60)
        connection.close()

    qstash.client()  # one for both
    relays = [threading.Thread(target=relay) for _ in range(2)]
    for thread in relays:
        thread.start()
    wait_until(listening(2), seconds=10, what="the relays to listen")

    make_jobs(3)

    wait_until(all_done, seconds=20, what="the deliveries")
    stopping.set()
    outbox.wake_relay()
    for thread in relays:
        thread.join(10)
    assert runs == dict.fromkeys(range(3), 1)


def listening(count):
    def are_listening():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN jobs'")
            return cursor.fetchone()[0] >= count

    return are_listening


def test_the_pauses_of_the_relay_stay_short_however_long_an_outage_is():
    pauses = [pause_after(failures) for failures in (1, 2, 3, 100_000)]

    assert pauses == [1, 2, 4, LONGEST_WAIT]


def test_a_heap_of_jobs_takes_few_threads_and_holds_no_mail_up(stand_in, monkeypatch, settings):
    settings.QSTASH_PARALLELISM = 2
    running, may_end = [], threading.Event()

    def work(*, number):
        running.append(number)
        assert may_end.wait(20)

    monkeypatch.setitem(outbox._handlers, "test.work", work)
    for number in range(6):
        enqueue("test.work", run_at=timezone.now(), number=number)
    publish_all(NEVER)
    wait_until(lambda: len(running) == 2, seconds=20, what="the first two jobs")

    mail_job = queue_mail(EmailMessage("Your tickets", "Here.", to=["an@example.com"]))
    publish_all(NEVER)

    wait_until(lambda: is_done(mail_job), seconds=20, what="the mail")
    assert len(running) == 2
    may_end.set()
    wait_until(all_done, seconds=20, what="the other four")
    assert sorted(running) == list(range(6))


def is_done(job):
    return Job.objects.get(pk=job.pk).status == "done"


def test_without_a_token_the_relay_says_what_does_the_work(settings):
    settings.QSTASH_TOKEN = ""

    with pytest.raises(CommandError, match="run_due_jobs"):
        call_command("publish_jobs")


def test_schedules_are_registered_once(stand_in, capsys):
    call_command("register_schedules")
    first = capsys.readouterr().out
    call_command("register_schedules")
    second = capsys.readouterr().out

    registered = qstash.client().schedule.list()
    topics = {json.loads(schedule.body)["schedule"] for schedule in registered}
    assert topics == {schedule.topic for schedule in declared()}
    assert f"{len(registered)} of them now" in first
    assert "0 of them now" in second


def test_two_shops_with_one_account_have_schedules_of_their_own(stand_in, settings, monkeypatch):
    nightly = {"test.note": Schedule("test.note", "17 3 * * *")}
    monkeypatch.setattr(schedules, "_declared", nightly)
    for url in ("http://127.0.0.1:8", "http://127.0.0.1:9"):
        settings.PUBLIC_URL = url
        call_command("register_schedules")

    assert {schedule.destination for schedule in qstash.client().schedule.list()} == {
        "http://127.0.0.1:8/internal/jobs/",
        "http://127.0.0.1:9/internal/jobs/",
    }


@pytest.fixture
def registered(stand_in):
    """How QStash has our schedules, by their names, once they are registered."""
    call_command("register_schedules")
    api = qstash.client().schedule

    def registered():
        found = {schedule.schedule_id: schedule for schedule in api.list()}
        return {
            name: (each.cron, each.destination, each.body, each.retries, each.paused)
            for name, each in found.items()
        }

    return registered


ELSEWHERE = "http://127.0.0.1:9/internal/jobs/"
OTHERWISE = [
    {"destination": ELSEWHERE},
    {"cron": "18 3 * * *"},
    {"body": "{}"},
    {"retries": 0},
]


@pytest.mark.parametrize("otherwise", OTHERWISE, ids=lambda otherwise: next(iter(otherwise)))
def test_a_schedule_that_qstash_has_otherwise_is_set_right(registered, otherwise):
    before = registered()
    [pruning] = [name for name in before if name.endswith("-jobs-prune")]
    cron, destination, body, retries, _paused = before[pruning]
    usual = {"cron": cron, "destination": destination, "body": body, "retries": retries}
    create = qstash.client().schedule.create
    create(schedule_id=pruning, **{**usual, **otherwise})
    assert registered() != before

    call_command("register_schedules")

    assert registered() == before


def test_a_schedule_that_somebody_paused_runs_again(registered):
    before = registered()
    qstash.client().schedule.pause(next(iter(before)))
    assert registered() != before

    call_command("register_schedules")

    assert registered() == before


def test_what_is_not_declared_any_more_is_deleted_at_qstash_and_nothing_of_others(
    registered, settings, capsys
):
    before = registered()
    create = qstash.client().schedule.create
    ours = f"{settings.PUBLIC_URL}/internal/jobs/"
    # as an earlier release called them, too
    create(schedule_id="ticketing-jobs-prune", cron="0 * * * *", destination=ours)
    create(schedule_id="reports", cron="0 * * * *", destination=ours)
    create(schedule_id="ticketing-of-another-shop", cron="0 * * * *", destination=ELSEWHERE)

    call_command("register_schedules")

    assert "1 that are not declared any more are deleted" in capsys.readouterr().out
    assert set(registered()) - set(before) == {"reports", "ticketing-of-another-shop"}


def test_a_queue_that_takes_no_schedules_is_named_in_a_sentence(settings):
    plain = Endpoint("", usual=Answer(400, body=b'{"error": "a loopback address"}'))
    settings.QSTASH_URL, settings.QSTASH_TOKEN = plain.url, TOKEN

    with closing(plain), pytest.raises(CommandError, match="a loopback address"):
        call_command("register_schedules")
    forget_client()
