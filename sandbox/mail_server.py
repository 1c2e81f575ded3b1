"""An SMTP server on loopback that keeps every mail and sends none on."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.config import Config
from sandbox.mail_records import Mail
from sandbox.store import Store
from sandbox.weather import Weather

logger = logging.getLogger("sandbox")

MOST_BYTES = 32 * 1024 * 1024
TRY_LATER = "451 4.3.0 The weather is bad, try again later"
NEVER = "550 5.1.1 No such mailbox, says the weather"
CUT = "421 4.3.0 Nobody hears this: the connection is cut"


class Inbox:
    """Answers SMTP. A switch of a recipient's own wins over one for all."""

    def __init__(self, config: Config, store: Store, weather: Weather) -> None:
        self._config, self._store, self._weather = config, store, weather
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen; raises `OSError` when somebody else does."""
        loop, host, port = asyncio.get_running_loop(), self._config.host, self._config.smtp_port

        def speak() -> SMTP:
            return SMTP(
                self,
                data_size_limit=MOST_BYTES,
                enable_SMTPUTF8=True,
                hostname="sandbox.invalid",
                loop=loop,
            )

        try:
            self._server = await loop.create_server(speak, host, port)
        except OSError as problem:
            logger.error("SANDBOX_SMTP_PORT %d can't be used: %s", port, problem)
            raise

    def close(self) -> None:
        """Take no more mails."""
        if self._server is not None:
            self._server.close()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept a recipient, or refuse as the weather says."""
        if self._weather.take("mail_refused", address.lower()):
            return TRY_LATER
        if self._weather.take("mail_refused_for_ever", address.lower()):
            return NEVER
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail, and answer unless the weather cuts the line."""
        scope = envelope.rcpt_tos[0].lower()
        await asyncio.sleep(float(self._weather.take("mail_slow_seconds", scope)))
        if not self._weather.take("mail_dropped", scope):
            self._store.save(_mail(envelope))
        if self._weather.take("mail_answer_lost", scope):
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return CUT
        return "250 OK"


def _mail(envelope: Envelope) -> Mail:
    content = envelope.content
    assert isinstance(content, bytes)
    recipients = json.dumps(envelope.rcpt_tos)
    return Mail(uuid.uuid4().hex, time.time(), envelope.mail_from or "", recipients, content)
