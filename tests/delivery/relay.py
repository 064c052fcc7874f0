"""A real mail relay on loopback, for the far side of the wire: it answers as it is told."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ssl import SSLContext
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.eventually import eventually


@dataclass(frozen=True)
class Received:
    recipient: str
    sender: str
    message: EmailMessage
    peer: Any
    """Of the connection that it came over."""


class Relay:
    """`recipient_answers` and `data_answers` are used up one by one; after that all is taken."""

    def __init__(self, *, tls: SSLContext | None = None, login: tuple[bytes, bytes] | None = None) -> None:
        self.mails: list[Received] = []
        self.recipient_answers: deque[str] = deque()
        self.data_answers: deque[str] = deque()
        self.port = 0
        self.connections = 0
        self.logins: list[bytes] = []
        """Names of those who tried."""
        self.recipient_pause_seconds = 0.0
        self.data_pause_seconds = 0.0
        self._tls = tls
        self._login = login
        self._server: asyncio.Server | None = None
        self._protocols: list[SMTP] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """On the same port again after `stop`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hangs up on everybody."""
        if self._server is not None:
            self._server.close()
            for protocol in self._protocols:
                if protocol.transport is not None:
                    protocol.transport.abort()
            self._protocols.clear()
            await self._server.wait_closed()

    def hang_up(self) -> None:
        """Drops all connections; new ones are taken."""
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.abort()
        self._protocols.clear()

    async def wait_for(self, count: int, within_seconds: float = 10) -> list[Received]:
        async def arrived() -> bool:
            return len(self.mails) >= count

        await eventually(arrived, within_seconds)
        return self.mails

    def _protocol(self) -> SMTP:
        self.connections += 1
        protocol = SMTP(
            self,
            hostname="relay",
            loop=asyncio.get_running_loop(),
            enable_SMTPUTF8=True,
            tls_context=self._tls,
            authenticator=self._authenticate if self._login else None,
            auth_require_tls=False,
        )
        self._protocols.append(protocol)
        return protocol

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append(data.login)
        return AuthResult(success=(data.login, data.password) == self._login, handled=False)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        await asyncio.sleep(self.recipient_pause_seconds)
        answer = self.recipient_answers.popleft() if self.recipient_answers else "250 OK"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.data_pause_seconds)
        answer = self.data_answers.popleft() if self.data_answers else "250 taken"
        if answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.mails.append(Received(envelope.rcpt_tos[0], envelope.mail_from or "", message, session.peer))
        return answer
