"""A mail taken apart for people and tests."""

from __future__ import annotations

import email
import json
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

from sandbox.mail_records import Mail


def parse(mail: Mail) -> EmailMessage:
    """The mail with its parts."""
    return email.message_from_bytes(mail.raw, policy=policy.default)


def text_of(message: EmailMessage, subtype: str) -> str:
    """Its text as `plain` or `html`; empty if it has none."""
    body = message.get_body((subtype,))
    return str(body.get_content()).replace("\r\n", "\n") if body is not None else ""


def subject_of(message: EmailMessage) -> str:
    """What it is about; a folded line may begin with a space."""
    return str(message["Subject"] or "").strip()


def files_of(message: EmailMessage) -> list[tuple[str, str, bytes]]:
    """Name, type and content of each attachment."""
    return [
        (
            part.get_filename() or f"part-{number}",
            part.get_content_type(),
            _content(part),
        )
        for number, part in enumerate(message.iter_attachments())
    ]


def show(mail: Mail) -> dict[str, object]:
    """Everything about it but the content of its attachments."""
    message = parse(mail)
    return {
        "id": mail.id,
        "at": said_at(mail),
        "envelope_from": mail.sender,
        "envelope_to": json.loads(mail.recipients),
        "subject": subject_of(message),
        "message_id": str(message["Message-ID"] or ""),
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": text_of(message, "plain"),
        "html": text_of(message, "html"),
        "attachments": [
            {
                "filename": name,
                "type": content_type,
                "size": len(content),
                "url": f"/inbox/{mail.id}/attachments/{number}",
            }
            for number, (name, content_type, content) in enumerate(files_of(message))
        ],
    }


def said_at(mail: Mail) -> str:
    """When it came."""
    return datetime.fromtimestamp(mail.at, UTC).isoformat(timespec="seconds")


def _content(part: EmailMessage) -> bytes:
    if part.is_multipart():  # a whole message inside
        return b"".join(bytes(each) for each in part.iter_parts())
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
