"""A mail server for one machine: takes every mail and keeps it in a Maildir, delivering none.

Run as a process of its own: `python -m carillon_server.embedded.mail_sink PORT DIRECTORY`.
"""

from __future__ import annotations

import asyncio
import logging
import mailbox
import signal
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from carillon_server.embedded.ports import HOST

_MAX_MAIL_BYTES = 32 * 1024 * 1024
_logger = logging.getLogger(__name__)


class MaildirHandler:
    """Keeps each accepted mail with its envelope, which Bcc and bounces live by, in two `X-` headers."""

    def __init__(self, directory: Path) -> None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        self._maildir = mailbox.Maildir(directory, create=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd for each mail; accepted means that its file is there."""
        recipients = ", ".join(envelope.rcpt_tos)
        header = f"X-MailFrom: {envelope.mail_from}\nX-RcptTo: {recipients}\n".encode()
        content = envelope.original_content or b""
        key = self._maildir.add(header + content.replace(b"\r\n", b"\n"))
        _logger.info("kept %s, %d bytes, for %d recipients", key, len(content), len(envelope.rcpt_tos))
        return f"250 Kept as {key}"

    async def handle_exception(self, error: Exception) -> str:
        """Called by aiosmtpd when a mail could not be kept; the sender tries again later."""
        _logger.error("a mail was not kept", exc_info=error)
        return "451 Not kept; the log of the mail sink says why"


async def run(port: int, directory: Path) -> None:
    """Take mail until SIGTERM or SIGINT."""
    handler = MaildirHandler(directory)
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    def session() -> SMTP:
        return SMTP(handler, hostname="localhost", enable_SMTPUTF8=True, data_size_limit=_MAX_MAIL_BYTES)

    server = await loop.create_server(session, HOST, port)
    async with server:
        await stopping.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # aiosmtpd tells of every connection and command.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    asyncio.run(run(int(sys.argv[1]), Path(sys.argv[2])))
