"""Mail as jobs: whoever sends one keeps Django's way of doing it, and a worker delivers it.

A mail is part of the transaction that sends it: rolled back with it, and sent for certain after it.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.encoding import force_str

from jobs import outbox
from jobs.models import MAIL, Job
from jobs.stored_mail import Stored, pack, unpack

TOPIC = MAIL
# What servers say of a mail that is refused for ever: RFC 5321, 4.2.2, and RFC 3463.
TOO_LARGE = {552}
NO_SUCH_BOX = {550, 551, 553}
# Some write it first, others in brackets behind their words. An IP address is none, nor a version.
ENHANCED = re.compile(r"(?<![\d.])[245]\.[0-7]\.\d{1,3}(?!\.?\d)")
OF_THE_MAIL = re.compile(r"5\.(1\.([1236]|10)|2\.[13]|3\.4|6\.\d+)")  # its recipient or content
# What servers without enhanced codes say of those who send, by the codes of unknown recipients.
ABOUT_US = re.compile(
    r"relay|rcpthosts|sender|authenticat|log ?in|limit|quota|prohibit|polic|spam|block|black", re.I
)

File = tuple[str, bytes, str]  # filename, content, mimetype
Source = Callable[..., File | None]
Reference = tuple[str, dict[str, Any]]  # the name of a source, and what it is called with

_sources: dict[str, Source] = {}


class UnknownAttachment(Exception):
    """No source of that name is bound: a typo, or an app that is not installed."""


class NotSent(Exception):
    """The real backend did not say that it sent the mail."""


def attachment(name: str) -> Callable[[Source], Source]:
    """Bind a function that makes a file at the moment a mail is sent; see `queue_mail`.

    It raises NothingToDo where the mail has lost its sense. One that only looks makes no file.
    """

    def bind(source: Source) -> Source:
        if name in _sources:
            raise ValueError(f"Attachment {name} has a source already.")
        _sources[name] = source
        return source

    return bind


class QueuedBackend(BaseEmailBackend):
    """Django's mail backend that makes one job of each message, in the caller's transaction."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        now = timezone.now()
        jobs = [
            outbox.new_job(TOPIC, run_at=now, message=pack(message))
            for message in email_messages
            if message.recipients()
        ]
        outbox.enqueue_due(jobs)
        return len(jobs)


def queue_mail(
    message: EmailMessage, *, key: str | None = None, attach: Sequence[Reference] = ()
) -> Job:
    """Have `message` sent in the caller's transaction; with a `key` only once, ever.

    `attach` names files that are made when the mail is sent:
    `[("shop.invoice", {"invoice_id": 7})]` calls the source bound by `@attachment("shop.invoice")`.
    Raises UnknownAttachment, and what `pack` raises.
    """
    for name, _ in attach:
        _source_of(name)
    return outbox.enqueue(
        TOPIC, run_at=timezone.now(), key=key, message=pack(message), attach=list(attach)
    )


def queue_mails(messages: Mapping[str, tuple[EmailMessage, Sequence[Reference]]]) -> None:
    """Have many sent in the caller's transaction, with one INSERT; each key only once, ever.

    Each comes with what `queue_mail` attaches. Raises what `pack` raises.
    """
    now = timezone.now()
    outbox.enqueue_due(
        [
            outbox.new_job(TOPIC, run_at=now, key=key, message=pack(message), attach=list(attach))
            for key, (message, attach) in messages.items()
        ]
    )


def render_mail(
    template: str, context: Mapping[str, Any], *, to: Sequence[str], language: str
) -> EmailMultiAlternatives:
    """A mail of `{template}.subject.txt`, `.txt` and `.html`, in that language."""
    with translation.override(language):
        subject = " ".join(render_to_string(f"{template}.subject.txt", context).split())
        text = render_to_string(f"{template}.txt", {**context, "subject": subject})
        html = render_to_string(f"{template}.html", {**context, "subject": subject})
    # What a template leaves out leaves its lines empty.
    message = EmailMultiAlternatives(subject, re.sub(r"\n{3,}", "\n\n", text).strip(), to=to)
    message.attach_alternative(html, "text/html")
    return message


def outline(payload: Mapping[str, Any]) -> str:
    """A queued mail for people who run the shop: to whom and about what, without its secrets."""
    message = payload["message"]
    return f"{', '.join(message['to'])}: {message['subject']}"


def deliver(message: Stored, attach: Sequence[Reference] = ()) -> None:
    """Send a stored mail through the real backend. Raises GiveUp if it is refused for ever.

    A repeat after a crash carries the same Message-ID, by which it can be recognised. A source of
    a file may raise NothingToDo or RunLater: then nothing is sent, or not yet.
    """
    mail = unpack(message)
    if not mail.recipients():
        raise outbox.GiveUp("It has no recipient.")
    _attach(mail, attach)
    try:
        sent = get_connection(settings.MAIL_DELIVERY_BACKEND).send_messages([mail])
    except smtplib.SMTPException as refusal:
        if _is_for_ever(refusal):
            raise outbox.GiveUp(f"{type(refusal).__name__}: {refusal}") from refusal
        raise
    if not sent:
        raise NotSent(f"{settings.MAIL_DELIVERY_BACKEND} sent nothing.")


def _attach(mail: EmailMessage, attach: Sequence[Reference]) -> None:
    for name, payload in attach:
        if file := _source_of(name)(**payload):
            mail.attach(*file)


def _source_of(name: str) -> Source:
    try:
        return _sources[name]
    except KeyError:
        raise UnknownAttachment(name) from None


def _is_for_ever(refusal: smtplib.SMTPException) -> bool:
    """Whether the server has refused this mail, and not just us or this moment.

    Of a sender that it does not let through, or that has sent too much, it says 5xx as well. That
    is mended here, and then every mail goes out that has waited.
    """
    # Raised only if nobody gets the mail: one whom the server takes is enough for it to be sent.
    if isinstance(refusal, smtplib.SMTPRecipientsRefused):
        answers = refusal.recipients.values()
        return all(_is_of_the_mail(*answer, plainly=NO_SUCH_BOX) for answer in answers)
    if isinstance(refusal, smtplib.SMTPDataError):
        return _is_of_the_mail(refusal.smtp_code, refusal.smtp_error, plainly=TOO_LARGE)
    return isinstance(refusal, smtplib.SMTPSenderRefused) and refusal.smtp_code in TOO_LARGE


def _is_of_the_mail(code: int, told: bytes | str, *, plainly: Container[int]) -> bool:
    """By the enhanced code, and only without one by the plain one."""
    words = force_str(told, errors="replace")
    enhanced = ENHANCED.search(words)
    if enhanced:
        return code >= 500 and bool(OF_THE_MAIL.fullmatch(enhanced[0]))
    return code in plainly and not (code in NO_SUCH_BOX and ABOUT_US.search(words))
