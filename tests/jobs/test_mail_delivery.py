"""Queued mails over real SMTP, to the stand-in's inbox, in good weather and bad."""

from __future__ import annotations

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import environ
import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.utils import timezone

from jobs import mail
from jobs.models import Job
from jobs.services import revive_job, run_due_jobs
from tests.factories import from_now
from tests.sandbox_process import ROOT, SandboxProcess

LAN, HA = "lan@example.org", "ha@example.org"


@pytest.fixture(scope="module")
def _inbox() -> Iterator[SandboxProcess]:
    process = SandboxProcess()
    process.start({})
    yield process
    process.close()


@pytest.fixture
def inbox(_inbox, settings) -> SandboxProcess:
    """An empty inbox in fair weather, to which workers deliver."""
    _inbox.reset()
    named = environ.Env.email_url_config(f"smtp://127.0.0.1:{_inbox.smtp_port}")
    settings.MAIL_DELIVERY_BACKEND = named["EMAIL_BACKEND"]
    settings.EMAIL_HOST, settings.EMAIL_PORT = named["EMAIL_HOST"], named["EMAIL_PORT"]
    return _inbox


def queue(**fields):
    message = EmailMultiAlternatives(
        **{"subject": "Vé của bạn", "body": "Chào bạn.", "to": [LAN], **fields}
    )
    message.attach_alternative("<p>Chào bạn.</p>", "text/html")
    return mail.queue_mail(message)


def try_again():
    Job.objects.update(run_at=from_now(seconds=-1))
    return run_due_jobs()


def test_a_mail_arrives_with_everything_that_was_written(inbox):
    message = EmailMultiAlternatives(
        "Đêm nhạc Trịnh – vé của bạn, được gửi kèm theo thư này, xin giữ cẩn thận nhé bạn",
        "Chào bạn,\n\n.\nFrom Sài Gòn: " + "ừ" * 2000,
        "Vé <tickets@example.org>",
        ["Trịnh Công Sơn <lan@example.org>"],
        cc=["cc@example.org"],
        bcc=["bcc@example.org"],
        reply_to=["help@example.org"],
        headers={"X-Campaign": "7"},
    )
    message.attach_alternative("<p>Chào bạn</p>", "text/html")
    message.attach("vé.pdf", bytes(range(256)), "application/pdf")
    mail.queue_mail(message)

    assert run_due_jobs() == {"done": 1}

    [arrived] = inbox.mails(LAN)
    headers = dict(arrived["headers"])
    assert arrived["subject"] == message.subject
    assert arrived["text"].rstrip("\n") == message.body
    assert arrived["html"].rstrip("\n") == "<p>Chào bạn</p>"
    assert arrived["envelope_from"] == "tickets@example.org"
    assert arrived["envelope_to"] == [LAN, "cc@example.org", "bcc@example.org"]
    assert headers["From"] == "Vé <tickets@example.org>"
    assert headers["To"] == "Trịnh Công Sơn <lan@example.org>"
    assert (headers["Cc"], headers["Reply-To"]) == ("cc@example.org", "help@example.org")
    assert headers["X-Campaign"] == "7"
    assert "Bcc" not in headers
    [attached] = arrived["attachments"]
    assert (attached["filename"], attached["type"]) == ("vé.pdf", "application/pdf")
    assert inbox.http.get(attached["url"]).content == bytes(range(256))


def test_a_refusal_for_now_is_tried_again(inbox):
    inbox.set_weather(mail_refused={"value": True, "times": 2})
    queue()

    assert [run_due_jobs(), try_again(), try_again()] == [
        {"failed": 1},
        {"failed": 1},
        {"done": 1},
    ]
    assert len(inbox.mails(LAN)) == 1


def test_a_mail_that_is_refused_for_more_than_a_day_is_dead_until_somebody_revives_it(inbox):
    inbox.set_weather(mail_refused=True)
    job, waits = queue(), []
    while run_due_jobs() == {"failed": 1}:
        waits.append(Job.objects.get().run_at - timezone.now())
        Job.objects.update(run_at=from_now(seconds=-1))
    assert timedelta(days=1) < sum(waits, timedelta()) < timedelta(days=2)
    assert Job.objects.get().status == "dead"
    assert "451" in Job.objects.get().last_error

    inbox.clear_weather()
    revive_job(job_id=job.pk)

    assert run_due_jobs() == {"done": 1}
    assert len(inbox.mails(LAN)) == 1


def test_a_refusal_for_ever_is_not_tried_again(inbox):
    inbox.set_weather(mail_refused_for_ever={"value": True, "times": 1})
    queue()

    assert run_due_jobs() == {"dead": 1}

    assert "550" in Job.objects.get().last_error
    assert try_again() == {}
    assert inbox.mails("") == []


class Refusing(socketserver.StreamRequestHandler):
    """A server that answers one command with a refusal, and takes the others."""

    command, refusal = b"", b""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        for line in self.rfile:
            command = line[:4].upper()
            self.wfile.write(self.refusal if command == self.command else b"250 fine\r\n")
            if command == b"QUIT":
                break


@contextmanager
def server_that_says(command: str, refusal: str) -> Iterator[int]:
    told = {"command": command.encode(), "refusal": refusal.encode() + b"\r\n"}
    speak = type("Told", (Refusing,), told)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), speak) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


OF_US = [
    ("MAIL", "530 Log in first"),  # RFC 4954, section 6
    ("MAIL", "553 5.7.1 Sender address rejected: not owned by user"),
    ("MAIL", "550 5.1.8 Your domain does not exist"),
    ("RCPT", "554 5.7.1 Relay access denied"),
    ("RCPT", "550 Relaying is not allowed"),
    ("RCPT", "550-5.4.5 Daily sending limit exceeded\r\n550 5.4.5 Come back tomorrow"),
    ("RCPT", "552 5.2.2 The mailbox is full"),
    ("RCPT", "552 The mailbox is full"),
    ("RCPT", "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
    ("RCPT", "550 Sender verify failed"),
    ("RCPT", "550 Authentication required"),
    ("RCPT", "550 Administrative prohibition"),
    ("RCPT", "451 5.1.1 Look again later"),
    ("DATA", "550 5.4.5 Daily user sending limit exceeded"),
    ("DATA", "554 5.7.1 Your address is on a list of spammers"),
    ("DATA", "550 Too many mails from you"),
]


@pytest.mark.parametrize(("command", "refusal"), OF_US)
def test_no_mail_dies_of_what_a_server_has_against_us(inbox, settings, command, refusal):
    queue()

    with server_that_says(command, refusal) as settings.EMAIL_PORT:
        assert run_due_jobs() == {"failed": 1}

    assert refusal[:3] in Job.objects.get().last_error
    settings.EMAIL_PORT = inbox.smtp_port
    assert try_again() == {"done": 1}
    assert len(inbox.mails(LAN)) == 1


OF_THE_MAIL = [
    ("RCPT", "550-5.1.1 The account does not exist\r\n550 5.1.1 Look at its spelling"),
    ("RCPT", "556 5.1.10 The domain takes no mail"),
    ("RCPT", "550 5.2.1 The account is disabled"),
    ("RCPT", "550 No such user here"),
    ("RCPT", "550 No such user here, 192.5.1.7 (Exim 4.96.1)"),
    ("RCPT", "550 sorry, no mailbox here by that name (#5.1.1)"),
    ("MAIL", "552 5.3.4 The message is too large"),
    ("DATA", "552 Message size exceeds fixed limit"),
    ("DATA", "554 5.6.0 The message makes no sense"),
]


@pytest.mark.parametrize(("command", "refusal"), OF_THE_MAIL)
def test_a_mail_dies_at_once_of_its_own_recipient_or_content(inbox, settings, command, refusal):
    queue()

    with server_that_says(command, refusal) as settings.EMAIL_PORT:
        assert run_due_jobs() == {"dead": 1}

    assert refusal[:3] in Job.objects.get().last_error


def test_a_recipient_that_is_refused_keeps_no_mail_from_the_others(inbox):
    inbox.set_weather(HA, mail_refused_for_ever=True)
    queue(to=[HA])
    queue(to=[LAN])

    assert run_due_jobs() == {"dead": 1, "done": 1}
    assert len(inbox.mails(LAN)) == 1


def test_a_server_slower_than_our_patience_is_tried_again(inbox, settings):
    settings.EMAIL_TIMEOUT = 0.3
    inbox.set_weather(mail_slow_seconds={"value": 1, "times": 1})
    queue()

    assert run_due_jobs() == {"failed": 1}
    assert try_again() == {"done": 1}


def test_a_repeat_after_a_lost_answer_carries_the_same_message_id(inbox):
    inbox.set_weather(mail_answer_lost={"value": True, "times": 1})
    queue()

    assert [run_due_jobs(), try_again()] == [{"failed": 1}, {"done": 1}]

    first, second = inbox.mails(LAN)
    assert first["message_id"] == second["message_id"] != ""


def test_while_nobody_listens_mails_wait(inbox, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    queue()
    assert run_due_jobs() == {"failed": 1}

    settings.EMAIL_PORT = port

    assert try_again() == {"done": 1}
    assert len(inbox.mails(LAN)) == 1


def drain():
    try:
        return run_due_jobs()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_workers_beside_each_other_send_each_mail_once(inbox):
    for number in range(30):
        queue(to=[f"guest{number}@example.org"])

    with ThreadPoolExecutor(4) as pool:
        outcomes = [future.result() for future in [pool.submit(drain) for _ in range(4)]]

    assert sum(each["done"] for each in outcomes) == 30
    recipients = [mail["envelope_to"] for mail in inbox.mails("")]
    assert sorted(recipients) == sorted([f"guest{number}@example.org"] for number in range(30))


@pytest.mark.django_db(transaction=True)
def test_a_worker_sends_to_the_server_that_email_url_names(inbox):
    queue()
    server = connection.get_connection_params()
    worker = subprocess.run(
        [sys.executable, "manage.py", "run_due_jobs"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": f"postgres://{server['user']}@/{server['dbname']}?host={server['host']}",
            "EMAIL_URL": f"smtp://127.0.0.1:{inbox.smtp_port}",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert worker.returncode == 0, worker.stderr
    [arrived] = inbox.mails(LAN)
    assert arrived["subject"] == "Vé của bạn"
