"""The inbox takes mails by SMTP, shows them harmlessly, and has weather of its own."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
import time
from email.message import EmailMessage

import pytest

from tests.sandbox_process import (
    HASH_SECRET,
    ROOT,
    TMN_CODE,
    clean_environment,
    find_free_port,
)

LAN, HA = "lan@example.org", "ha@example.org"


def mail(**changes):
    message = EmailMessage()
    message["Subject"] = changes.get("subject", "Vé của bạn")
    message["From"] = "tickets@example.org"
    message["To"] = LAN
    message["Message-ID"] = "<7@example.org>"
    message.set_content(changes.get("text", "Chào bạn,\n\n.\nđây là vé của bạn."))
    if "html" in changes:
        message.add_alternative(changes["html"], subtype="html")
    for name, content in changes.get("files", {}).items():
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return message


def send(sandbox, message, to=(LAN,)):
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as server:
        return server.send_message(message, to_addrs=list(to))


def test_a_mail_arrives_as_it_was_sent(sandbox):
    files = {"vé.pdf": b"%PDF-\x00\xff\r\n.\r\n"}
    send(sandbox, mail(html="<p>Chào bạn</p>", files=files), to=[LAN, HA])

    [arrived] = sandbox.mails(LAN)

    assert arrived["subject"] == "Vé của bạn"
    assert arrived["message_id"] == "<7@example.org>"
    assert arrived["envelope_from"] == "tickets@example.org"
    assert arrived["envelope_to"] == [LAN, HA]
    assert arrived["text"] == "Chào bạn,\n\n.\nđây là vé của bạn.\n"
    assert arrived["html"] == "<p>Chào bạn</p>\n"
    [attached] = arrived["attachments"]
    assert (attached["filename"], attached["type"]) == ("vé.pdf", "application/pdf")
    saved = sandbox.http.get(attached["url"])
    assert saved.content == files["vé.pdf"]
    assert saved.headers["Content-Disposition"] == "attachment; filename*=UTF-8''v%C3%A9.pdf"


def test_mails_are_found_by_whom_they_were_delivered_to(sandbox):
    send(sandbox, mail(subject="one"))
    send(sandbox, mail(subject="two"), to=[HA])

    assert [each["subject"] for each in sandbox.mails(LAN.upper())] == ["one"]
    assert [each["subject"] for each in sandbox.mails(HA)] == ["two"]
    assert [each["subject"] for each in sandbox.mails("")] == ["one", "two"]
    assert sandbox.mails("nobody@example.org") == []


def test_mails_are_forgotten_for_one_address_or_for_all(sandbox):
    for to in (LAN, HA, HA):
        send(sandbox, mail(), to=[to])

    gone = sandbox.http.request("DELETE", "/control/mails", params={"to": LAN}).json()
    assert gone == {"forgotten": 1}
    assert len(sandbox.mails("")) == 2
    assert sandbox.control("DELETE", "mails") == {"forgotten": 2}
    assert sandbox.mails("") == []


def test_people_read_mails_on_pages(sandbox):
    send(sandbox, mail(html="<p>Chào bạn</p>", files={"vé.pdf": b"%PDF-"}))
    [arrived] = sandbox.mails(LAN)

    listed = sandbox.http.get("/inbox/").text
    opened = sandbox.http.get(f"/inbox/{arrived['id']}").text

    assert "Vé của bạn" in listed
    assert f"/inbox/{arrived['id']}" in listed
    assert "đây là vé của bạn." in opened
    assert "vé.pdf" in opened
    assert f'sandbox="" referrerpolicy="no-referrer" src="/inbox/{arrived["id"]}/html"' in opened
    assert 'href="/inbox/"' in sandbox.http.get("/").text
    raw = sandbox.http.get(f"/inbox/{arrived['id']}/raw")
    assert b"Message-ID: <7@example.org>" in raw.content


def test_a_mail_without_html_has_no_frame(sandbox):
    send(sandbox, mail())
    [arrived] = sandbox.mails(LAN)

    assert "<iframe" not in sandbox.http.get(f"/inbox/{arrived['id']}").text


def test_a_mail_can_do_nothing_on_the_page(sandbox):
    attack = "<script>alert(1)</script>"
    send(sandbox, mail(subject=attack, text=attack, html=attack, files={f"{attack}.pdf": b"x"}))
    [arrived] = sandbox.mails(LAN)

    for path in ("/inbox/", f"/inbox/?to={attack}", f"/inbox/{arrived['id']}"):
        assert "<script>alert" not in sandbox.http.get(path).text
    framed = sandbox.http.get(f"/inbox/{arrived['id']}/html")
    policy = framed.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("; sandbox")
    assert "script-src" not in policy


@pytest.mark.parametrize("path", ["0", "0/html", "0/raw", "0/attachments/0"])
def test_a_mail_that_is_not_there_is_not_found(sandbox, path):
    assert sandbox.http.get(f"/inbox/{path}").status_code == 404


def test_an_attachment_that_is_not_there_is_not_found(sandbox):
    send(sandbox, mail())
    [arrived] = sandbox.mails(LAN)

    assert sandbox.http.get(f"/inbox/{arrived['id']}/attachments/0").status_code == 404


def test_the_page_forgets_all_mails(sandbox):
    send(sandbox, mail())

    sandbox.http.post("/inbox/")

    assert sandbox.mails("") == []


@pytest.mark.parametrize(
    ("switch", "code"), [("mail_refused", 451), ("mail_refused_for_ever", 550)]
)
def test_a_mail_is_refused_as_often_as_the_weather_says(sandbox, switch, code):
    sandbox.set_weather(**{switch: {"value": True, "times": 1}})

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(sandbox, mail())

    assert refused.value.recipients[LAN][0] == code
    assert send(sandbox, mail()) == {}
    assert len(sandbox.mails("")) == 1


def test_one_recipient_can_have_weather_of_its_own(sandbox):
    sandbox.set_weather(LAN, mail_refused_for_ever=True)

    assert list(send(sandbox, mail(), to=[LAN, HA])) == [LAN]

    [arrived] = sandbox.mails("")
    assert arrived["envelope_to"] == [HA]


def test_a_slow_server_takes_its_time(sandbox):
    sandbox.set_weather(mail_slow_seconds=0.3)
    started = time.monotonic()

    send(sandbox, mail())

    assert time.monotonic() - started >= 0.3
    assert len(sandbox.mails("")) == 1


def test_a_mail_can_be_lost_after_it_was_accepted(sandbox):
    sandbox.set_weather(mail_dropped=True)

    assert send(sandbox, mail()) == {}
    assert sandbox.mails("") == []


def test_a_mail_can_arrive_although_its_sender_hears_nothing(sandbox):
    sandbox.set_weather(mail_answer_lost={"value": True, "times": 1})

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(sandbox, mail())
    send(sandbox, mail())

    assert [each["message_id"] for each in sandbox.mails(LAN)] == ["<7@example.org>"] * 2


def test_reset_forgets_mails(sandbox):
    send(sandbox, mail())

    sandbox.reset()

    assert sandbox.mails("") == []


def test_killing_it_loses_no_mail(filed_sandbox):
    send(filed_sandbox, mail(files={"vé.pdf": b"%PDF-"}))
    before = filed_sandbox.mails(LAN)

    filed_sandbox.kill9()
    filed_sandbox.start()

    assert filed_sandbox.mails(LAN) == before != []


def test_a_port_that_is_taken_stops_the_start_and_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = subprocess.run(
            [sys.executable, "-m", "sandbox"],
            cwd=ROOT,
            env=clean_environment(
                {
                    "VNPAY_TMN_CODE": TMN_CODE,
                    "VNPAY_HASH_SECRET": HASH_SECRET,
                    "SANDBOX_PORT": str(find_free_port()),
                    "SANDBOX_SMTP_PORT": str(taken.getsockname()[1]),
                }
            ),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert ended.returncode != 0
    assert "SANDBOX_SMTP_PORT" in ended.stderr
