"""A mail as JSON and back: recipients, headers, texts and attachments survive exactly."""

from __future__ import annotations

import email
from base64 import b64decode, b64encode
from email.message import Message
from email.mime.base import MIMEBase
from typing import Any

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.message import (
    EmailAlternative,
    EmailAttachment,
    forbid_multi_line_headers,
    make_msgid,
)

Stored = dict[str, Any]

LISTS = ("to", "cc", "bcc", "reply_to")
SUBTYPES = ("content_subtype", "mixed_subtype", "alternative_subtype")


class NotStorable(TypeError):
    """The message builds itself in a way of its own, which would be lost on the way."""


def pack(message: EmailMessage) -> Stored:
    """Everything that is needed to send `message` later, with a Message-ID that stays.

    Texts are translated now. Raises what sending would raise: BadHeaderError for a header with a
    line break, ValueError for an address that is none; and NotStorable.
    """
    if type(message).message is not EmailMessage.message:
        raise NotStorable(f"{type(message).__name__} overrides message().")
    # Django keeps Bcc out of the message it builds, and so does not look at it there.
    forbid_multi_line_headers("Bcc", ", ".join(map(str, message.bcc)), message.encoding)
    message.message()  # for what it raises
    return {
        "subject": str(message.subject),
        "body": str(message.body),
        "from_email": str(message.from_email),
        **{name: [str(address) for address in getattr(message, name)] for name in LISTS},
        **{name: getattr(message, name) for name in SUBTYPES if hasattr(message, name)},
        "encoding": str(message.encoding) if message.encoding else None,
        "headers": _headers(message),
        "alternatives": [
            [_content(content), mimetype]
            for content, mimetype in getattr(message, "alternatives", [])
        ],
        "attachments": [_pack_attachment(attachment) for attachment in message.attachments],
    }


def unpack(stored: Stored) -> EmailMultiAlternatives:
    """The message that was packed."""
    message = EmailMultiAlternatives(
        stored["subject"],
        stored["body"],
        stored["from_email"],
        headers=dict(stored["headers"]),
        **{name: stored[name] for name in LISTS},
    )
    for name in SUBTYPES:
        if name in stored:
            setattr(message, name, stored[name])
    message.encoding = stored["encoding"]
    message.alternatives = [
        EmailAlternative(_restored(content), mimetype)
        for content, mimetype in stored["alternatives"]
    ]
    message.attachments = [_unpack_attachment(attachment) for attachment in stored["attachments"]]
    return message


def _headers(message: EmailMessage) -> list[list[str]]:
    headers = [[name, str(value)] for name, value in message.extra_headers.items()]
    if not any(name.lower() == "message-id" for name, _ in headers):
        domain = str(message.from_email).rpartition("@")[2].strip("> ") or "localhost"
        headers.append(["Message-ID", make_msgid(domain=domain)])
    return headers


def _pack_attachment(attachment: Any) -> Stored:
    if isinstance(attachment, MIMEBase):
        return {"mime": _encoded(attachment.as_bytes())}
    filename, content, mimetype = attachment
    return {"filename": filename, "content": _content(content), "mimetype": mimetype}


def _unpack_attachment(stored: Stored) -> MIMEBase | EmailAttachment:
    if "mime" in stored:
        return _as_mime_base(email.message_from_bytes(b64decode(stored["mime"])))
    return EmailAttachment(stored["filename"], _restored(stored["content"]), stored["mimetype"])


def _as_mime_base(parsed: Message) -> MIMEBase:
    part = MIMEBase(parsed.get_content_maintype(), parsed.get_content_subtype())
    # Its constructor sets headers of its own, which would stand there twice.
    for name in list(part.keys()):
        del part[name]
    for name, value in parsed.items():
        part[name] = value
    part.set_payload(parsed.get_payload())
    return part


def _content(content: Any) -> Stored:
    """Text stays text and bytes stay bytes; an attached message becomes its text."""
    if isinstance(content, bytes):
        return {"base64": _encoded(content)}
    if isinstance(content, EmailMessage):
        content = content.message()
    return {"text": content.as_string() if isinstance(content, Message) else str(content)}


def _restored(stored: Stored) -> str | bytes:
    text: str = stored.get("text", "")
    return b64decode(stored["base64"]) if "base64" in stored else text


def _encoded(data: bytes) -> str:
    return b64encode(data).decode("ascii")
