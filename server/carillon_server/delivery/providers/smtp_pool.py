"""Connections to a mail relay, kept between mails: one that is kept takes nearly twice as many a second."""

from __future__ import annotations

import asyncio
import socket
import time

from aiosmtplib import SMTP, SMTPException

from carillon_server.delivery.providers.smtp_server import SmtpServer

COMMAND_TIMEOUT_SECONDS = 20.0
_MAX_IDLE_SECONDS = 30.0


class SmtpPool:
    """Hands out connections, each to one mail at a time.

    It opens as many as there are mails at once, which the worker bounds. One that idled too long is not
    handed out again: relays hang up on those.
    """

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._idle: list[tuple[SMTP, float]] = []
        self._local_hostname: str | None = None

    def take_kept(self) -> SMTP | None:
        """A connection that a mail went over before; None: there is none."""
        while self._idle:
            connection, idle_since = self._idle.pop()
            if connection.is_connected and time.monotonic() - idle_since < _MAX_IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def open(self) -> SMTP:
        """A new connection, greeted and logged in; raises what aiosmtplib raises."""
        if self._local_hostname is None:
            # Asked once: each lookup may take seconds where there is no DNS.
            self._local_hostname = await asyncio.to_thread(socket.getfqdn)
        server = self._server
        connection = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.tls,
            start_tls=server.start_tls,
            local_hostname=self._local_hostname,
            timeout=COMMAND_TIMEOUT_SECONDS,
        )
        await connection.connect()
        return connection

    def keep(self, connection: SMTP) -> None:
        """Takes back a connection on which nothing is under way."""
        if connection.is_connected:
            self._idle.append((connection, time.monotonic()))

    async def close(self) -> None:
        """Says good-bye on what is idle."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_quit(connection) for connection, _ in idle))


async def _quit(connection: SMTP) -> None:
    try:
        await connection.quit(timeout=1.0)
    except (SMTPException, OSError):
        connection.close()
