"""A mail becomes a job with whatever sends it, and leaves as it was written."""

from __future__ import annotations

import logging
import re
from email.mime.image import MIMEImage

import pytest
from django.core import mail as django_mail
from django.core.mail import (
    BadHeaderError,
    EmailMessage,
    EmailMultiAlternatives,
    get_connection,
    send_mail,
)
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils.translation import gettext_lazy

from jobs import mail
from jobs.models import MAIL, Job
from jobs.services import run_due_jobs
from tests.factories import from_now

TRINH = "Trịnh Công Sơn <trinh@example.org>"


@pytest.fixture(autouse=True)
def _queue(settings):
    """Django's test runner has put its own backend in place of ours."""
    settings.EMAIL_BACKEND = "jobs.mail.QueuedBackend"


@pytest.fixture
def source(monkeypatch):
    """Binds a function as the source of the attachment `test.file`."""
    return lambda function: monkeypatch.setitem(mail._sources, "test.file", function)


def simple(**fields):
    return EmailMultiAlternatives(
        **{"subject": "Hello", "body": "Good day.", "to": ["lan@example.org"], **fields}
    )


def test_a_mail_is_sent_by_a_job_and_not_before(mailoutbox):
    sent = send_mail("Hello", "Good day.", None, ["lan@example.org", "ha@example.org"])

    assert sent == 1
    assert mailoutbox == []
    assert run_due_jobs() == {"done": 1}
    [arrived] = mailoutbox
    assert arrived.to == ["lan@example.org", "ha@example.org"]
    assert (arrived.subject, arrived.body) == ("Hello", "Good day.")


def test_several_messages_are_one_job_each_and_counted():
    count = get_connection().send_messages([simple(), simple(), simple(to=[])])

    assert count == 2
    assert Job.objects.filter(topic="jobs.send_mail").count() == 2


def test_a_rolled_back_transaction_leaves_no_mail(mailoutbox):
    with transaction.atomic():
        simple().send()
        transaction.set_rollback(True)

    assert run_due_jobs() == {}
    assert mailoutbox == []


def test_everything_about_a_mail_survives(mailoutbox):
    written = simple(
        subject=gettext_lazy("Orders"),
        from_email="Vé & Sân khấu <tickets@example.org>",
        to=[TRINH],
        cc=["cc@example.org"],
        bcc=["bcc@example.org"],
        reply_to=["help@example.org"],
        headers={"X-Campaign": "đêm nhạc", "Message-ID": "<7@example.org>"},
        body="Chào bạn,\n\n.\nFrom here: đêm nhạc",
    )
    written.attach_alternative("<p>Chào bạn</p>", "text/html")
    written.attach("vé.pdf", b"%PDF-\x00\xff", "application/pdf")
    written.attach("lời.txt", "Lời bài hát", "text/plain")
    inside = simple(subject="Inside", headers={"Message-ID": "<8@example.org>"})
    written.attach("mail.eml", inside, "message/rfc822")
    picture = MIMEImage(b"\x89PNG\r\n", "png")
    picture.add_header("Content-ID", "<logo>")
    written.attach(picture)
    written.send()
    run_due_jobs()

    [arrived] = mailoutbox

    assert arrived.recipients() == written.recipients()
    assert shown(arrived) == shown(written)


def shown(message):
    """Every part with its headers and content; only the hour and the boundaries are new."""
    whole = message.message()
    parts = []
    for part in whole.walk():
        del part["Date"]
        headers = [(name, re.sub("boundary=.*", "", str(value))) for name, value in part.items()]
        parts.append((headers, None if part.is_multipart() else part.get_payload(decode=True)))
    return parts


def test_a_plain_html_mail_stays_html(mailoutbox):
    message = EmailMessage("Hello", "<p>Good day</p>", to=["lan@example.org"])
    message.content_subtype = "html"
    message.send()
    run_due_jobs()

    assert mailoutbox[0].message().get_content_type() == "text/html"


def test_a_repeat_is_recognised_by_its_message_id(mailoutbox):
    simple().send()
    run_due_jobs()
    crashed_before_it_was_recorded = {"status": "pending", "finished_at": None}
    Job.objects.update(**crashed_before_it_was_recorded)
    run_due_jobs()

    first, second = (mail.message()["Message-ID"] for mail in mailoutbox)
    assert first == second


def test_two_mails_have_two_message_ids_in_the_senders_domain(mailoutbox):
    for _ in range(2):
        simple(from_email="Tickets <tickets@example.net>").send()
    run_due_jobs()

    first, second = (mail.message()["Message-ID"] for mail in mailoutbox)
    assert first != second
    assert first.endswith("@example.net>")


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Hello\nBcc: all@example.org"},
        {"to": ["lan@example.org\r\nBcc: all@example.org"]},
        {"cc": ["lan@example.org\nSubject: other"]},
        {"bcc": ["lan@example.org\nSubject: other"]},
        {"reply_to": ["lan@example.org\nSubject: other"]},
        {"from_email": "tickets@example.org\nSubject: other"},
        {"headers": {"X-Note": "a\nSubject: other"}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_header_in_a_header_is_refused_where_it_is_sent(fields):
    with pytest.raises(BadHeaderError):
        simple(**fields).send()

    assert not Job.objects.exists()


def test_a_message_that_builds_itself_is_refused_not_spoiled():
    class Signed(EmailMessage):
        def message(self):
            return super().message()

    with pytest.raises(TypeError, match="Signed overrides message"):
        Signed("Hello", "Good day.", to=["lan@example.org"]).send()


def test_of_mails_with_the_same_key_one_is_sent(mailoutbox):
    jobs = [mail.queue_mail(simple(), key="mail:greeting:7") for _ in range(3)]
    mail.queue_mail(simple(), key="mail:greeting:8")

    run_due_jobs()
    again = mail.queue_mail(simple(), key="mail:greeting:7")

    assert {job.pk for job in [*jobs, again]} == {jobs[0].pk}
    assert len(mailoutbox) == 2


def test_many_mails_are_queued_by_one_statement_and_each_only_once(
    mailoutbox, django_assert_num_queries
):
    mail.queue_mail(simple(), key="mail:greeting:1")

    with django_assert_num_queries(1):
        mail.queue_mails({f"mail:greeting:{number}": (simple(), []) for number in range(5)})

    run_due_jobs()
    assert len(mailoutbox) == 5


def test_an_attachment_is_made_when_the_mail_is_sent(source, mailoutbox):
    source(lambda number: (f"{number}.pdf", b"%PDF-", "application/pdf"))
    mail.queue_mail(simple(), attach=[("test.file", {"number": 7})])
    assert "%PDF" not in str(Job.objects.get().payload)

    run_due_jobs()

    assert mailoutbox[0].attachments == [("7.pdf", b"%PDF-", "application/pdf")]


def test_an_attachment_that_cannot_be_made_is_tried_again(source, mailoutbox):
    def broken():
        raise ZeroDivisionError("no font")

    source(broken)
    mail.queue_mail(simple(), attach=[("test.file", {})])

    assert run_due_jobs() == {"failed": 1}
    assert mailoutbox == []
    source(lambda: ("a.txt", b"a", "text/plain"))
    Job.objects.update(run_at=from_now(seconds=-1))
    assert run_due_jobs() == {"done": 1}


def test_an_attachment_that_nobody_makes_is_refused_at_once():
    with pytest.raises(mail.UnknownAttachment):
        mail.queue_mail(simple(), attach=[("test.flie", {})])


def test_a_second_source_of_the_same_attachment_is_refused(source):
    source(lambda: ("a.txt", b"a", "text/plain"))

    with pytest.raises(ValueError, match=r"test\.file has a source already"):
        mail.attachment("test.file")(print)


class Unreachable(django_mail.backends.base.BaseEmailBackend):
    def send_messages(self, email_messages):
        raise ConnectionRefusedError("Nobody listens.")


class Silent(django_mail.backends.base.BaseEmailBackend):
    def send_messages(self, email_messages):
        return 0


@pytest.mark.parametrize("backend", [Unreachable, Silent])
def test_what_could_not_be_sent_is_sent_later(settings, mailoutbox, backend):
    delivery = settings.MAIL_DELIVERY_BACKEND
    settings.MAIL_DELIVERY_BACKEND = f"{__name__}.{backend.__name__}"
    simple().send()
    assert run_due_jobs() == {"failed": 1}

    settings.MAIL_DELIVERY_BACKEND = delivery
    Job.objects.update(run_at=from_now(seconds=-1))

    assert run_due_jobs() == {"done": 1}
    assert len(mailoutbox) == 1


def test_a_mail_to_nobody_is_given_up_where_an_operator_sees_it():
    mail.queue_mail(simple(to=[""]))

    assert run_due_jobs() == {"dead": 1}
    assert Job.objects.get().last_error == "It has no recipient."


def test_no_log_line_and_no_page_shows_what_only_the_reader_may_know(
    settings, caplog, admin_client
):
    caplog.set_level(logging.DEBUG)
    settings.MAIL_DELIVERY_BACKEND = f"{__name__}.Unreachable"
    message = simple(body="Your code: QX7-R2M")
    message.attach_alternative("<p>QX7-R2M</p>", "text/html")
    message.send()

    with pytest.raises(CommandError):
        call_command("run_due_jobs")

    job = Job.objects.get(topic=MAIL)
    listed = admin_client.get("/admin/jobs/job/").content.decode()
    opened = admin_client.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
    assert "lan@example.org: Hello" in listed
    assert "lan@example.org: Hello" in opened
    for place in (caplog.text, job.last_error, listed, opened):
        assert "QX7" not in place
