"""A mail relay that does as it is told.

async with SmtpFake() as relay:
    relay.answer_with(Reply(451), Fault.RESET)
    ...  # the first mail is put off, on the second the connection is reset, all others are taken
    await relay.wait_for(2)
    assert relay.mails[0].message["Subject"] == "Invoice 7 is paid"
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP

from carillon_server.testing.answers import Fault, Reply, Step
from carillon_server.testing.faults import commit
from carillon_server.testing.loopback import LoopbackServer

_CERTAIN_SECONDS = 5.0
_TAKEN = Reply(250)
_GREETING = b"220 fake relay\r\n"
_EHLO = b"250-fake relay\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
_ANSWERS = {"EHLO": _EHLO, "HELO": b"250 fake relay\r\n", "QUIT": b"221 bye\r\n"}
_END_OF_DATA = b"\r\n.\r\n"
_MAX_MAIL_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail with its envelope, whether it was taken or not."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes = field(repr=False)

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return BytesParser(EmailMessage, policy=SMTP).parsebytes(self.raw)


class SmtpFake(LoopbackServer):
    """Records mails; each planned step answers one of them, after its last dot."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port)
        self.mails: list[ReceivedMail] = []
        self._planned: deque[Step] = deque()

    def answer_with(self, *steps: Step) -> None:
        """Plans one step for each of the next mails; the status of a `Reply` is the code."""
        self._planned.extend(steps)

    async def wait_for(self, count: int, within_seconds: float = _CERTAIN_SECONDS) -> list[ReceivedMail]:
        """The mails, as soon as there are so many; raises TimeoutError."""
        await self._wait_until(lambda: len(self.mails) >= count, within_seconds)
        return self.mails

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_GREETING)
        sender, recipients = "", list[str]()
        while line := (await reader.readline()).decode(errors="replace").strip():
            verb = line[:4].upper()
            if verb == "MAIL":
                sender, recipients = _address(line), []
            elif verb == "RCPT":
                recipients.append(_address(line))
            elif verb == "DATA":
                if not await self._take(reader, writer, sender, tuple(recipients)):
                    return
                continue
            writer.write(_ANSWERS.get(verb, b"250 OK\r\n"))
            if verb == "QUIT":
                return

    async def _take(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sender: str,
        recipients: tuple[str, ...],
    ) -> bool:
        """False: the connection is over."""
        writer.write(b"354 go on\r\n")
        raw = await _read_mail(reader)
        self.mails.append(ReceivedMail(sender, recipients, raw))
        await self._tell()
        step = self._planned.popleft() if self._planned else _TAKEN
        if isinstance(step, Fault):
            await commit(step, reader, writer, b"250-")
            return False
        writer.write(f"{step.status} {step.body.decode() or 'as told'}\r\n".encode())
        return True


async def _read_mail(reader: asyncio.StreamReader) -> bytes:
    """What comes before the last dot, the dots that were doubled made single."""
    raw = bytearray()
    while not raw.endswith(_END_OF_DATA) and len(raw) < _MAX_MAIL_BYTES:
        part = await reader.readline()
        if not part:
            raise asyncio.IncompleteReadError(bytes(raw), None)
        raw += part
    return bytes(raw[: -len(b".\r\n")]).replace(b"\r\n..", b"\r\n.")


def _address(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
