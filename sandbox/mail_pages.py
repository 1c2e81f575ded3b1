"""The inbox: pages for people under /inbox/, JSON for tests under /control/mails."""

from __future__ import annotations

import json
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.context import sandbox_of
from sandbox.mail_reading import files_of, parse, said_at, show, subject_of, text_of
from sandbox.mail_records import Mail
from sandbox.web import ControlError, Markup, fill, join, page

SHOWN_MAILS = 200
# Neither scripts nor anything from elsewhere, and no part of our own origin.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


async def list_mails(request: Request) -> Response:
    """All mails, or those delivered to `to`, oldest first."""
    return JSONResponse({"mails": [show(mail) for mail in _wanted(request)]})


async def forget_mails(request: Request) -> Response:
    """Forget all mails, or those delivered to `to`."""
    store, mails = sandbox_of(request).store, _wanted(request)
    with store.together():
        for mail in mails:
            store.delete(Mail, id=mail.id)
    return JSONResponse({"forgotten": len(mails)})


async def show_inbox(request: Request) -> Response:
    """The newest mails first."""
    mails = _wanted(request)[::-1][:SHOWN_MAILS]
    values = {
        "rows": join([_row(mail) for mail in mails]),
        "to": request.query_params.get("to", ""),
        "port": sandbox_of(request).config.smtp_port,
    }
    return page("inbox.html", values, title="Inbox")


async def empty_inbox(request: Request) -> Response:
    """Forget all mails, from the form."""
    sandbox_of(request).store.delete(Mail)
    return RedirectResponse("/inbox/", status_code=303)


async def show_mail(request: Request) -> Response:
    """One mail; its HTML is in a frame that may do nothing."""
    mail = _mail(request)
    message = parse(mail)
    values = {
        "subject": subject_of(message) or "(no subject)",
        "sender": str(message["From"] or mail.sender),
        "recipients": ", ".join(json.loads(mail.recipients)),
        "at": said_at(mail),
        "files": join([_file(mail, *each) for each in enumerate(files_of(message))]),
        "frame": fill("inbox_frame.html", id=mail.id) if text_of(message, "html") else "",
        "text": text_of(message, "plain"),
        "headers": "\n".join(f"{name}: {value}" for name, value in message.items()),
        "id": mail.id,
    }
    shown = page("inbox_mail.html", values, title=values["subject"])
    shown.headers["Content-Security-Policy"] += "; frame-src 'self'"
    return shown


async def show_html(request: Request) -> Response:
    """What the frame shows."""
    headers = {"Content-Security-Policy": MAIL_POLICY, "X-Content-Type-Options": "nosniff"}
    html = text_of(parse(_mail(request)), "html")
    return Response(html, media_type="text/html", headers=headers)


async def download(request: Request) -> Response:
    """One attachment, to be saved and not shown."""
    files = files_of(parse(_mail(request)))
    number = request.path_params["number"]
    if number >= len(files):
        raise ControlError(404, f"The mail has {len(files)} attachments.")
    name, content_type, content = files[number]
    return _saved(content, name, content_type)


async def download_mail(request: Request) -> Response:
    """The mail as it came."""
    mail = _mail(request)
    return _saved(mail.raw, f"{mail.id}.eml", "message/rfc822")


def _saved(content: bytes, name: str, content_type: str) -> Response:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": MAIL_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, headers=headers, media_type=content_type)


def _wanted(request: Request) -> list[Mail]:
    mails = sandbox_of(request).store.select(Mail)
    address = request.query_params.get("to", "").strip()
    return [mail for mail in mails if mail.is_to(address)] if address else mails


def _mail(request: Request) -> Mail:
    mail = sandbox_of(request).store.find(Mail, id=request.path_params["id"])
    if mail is None:
        raise ControlError(404, "There is no such mail.")
    return mail


def _row(mail: Mail) -> Markup:
    message = parse(mail)
    return fill(
        "inbox_row.html",
        id=mail.id,
        at=said_at(mail),
        recipients=", ".join(json.loads(mail.recipients)),
        subject=subject_of(message) or "(no subject)",
        files=len(files_of(message)) or "",
    )


def _file(mail: Mail, number: int, file: tuple[str, str, bytes]) -> Markup:
    name, content_type, content = file
    return fill(
        "inbox_file.html",
        id=mail.id,
        number=number,
        name=name,
        type=content_type,
        size=f"{len(content):,}",
    )


ROUTES = [
    Route("/control/mails", list_mails, methods=["GET"]),
    Route("/control/mails", forget_mails, methods=["DELETE"]),
    Route("/inbox/", show_inbox, methods=["GET"]),
    Route("/inbox/", empty_inbox, methods=["POST"]),
    Route("/inbox/{id}", show_mail, methods=["GET"]),
    Route("/inbox/{id}/html", show_html, methods=["GET"]),
    Route("/inbox/{id}/raw", download_mail, methods=["GET"]),
    Route("/inbox/{id}/attachments/{number:int}", download, methods=["GET"]),
]
