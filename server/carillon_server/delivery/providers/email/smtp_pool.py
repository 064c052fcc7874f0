"""Connections to a mail relay, kept between mails: one that is kept takes nearly twice as many a second."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TypeAlias

from aiosmtplib import SMTP, SMTPException

from carillon_server.delivery.providers.email.smtp_outcome import RelayUnfitError
from carillon_server.delivery.providers.email.smtp_settings import Security, SmtpSettings
from carillon_server.delivery.providers.http.egress import AddressForbiddenError, Egress

_QUIT_SECONDS = 1.0
_START_TLS: dict[Security, bool | None] = {Security.STARTTLS_REQUIRED: True, Security.STARTTLS: None}

_Idle: TypeAlias = tuple[SMTP, float]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What takes long to find out, asked once."""

    local_hostname: str
    """Each lookup may take seconds where there is no DNS."""
    tls_context: ssl.SSLContext | None
    """Reading all authorities of the system takes as long as a hundred mails."""


class SmtpPool:
    """Hands out connections, each to one mail at a time.

    It opens as many as there are mails at once, which the worker bounds. One that idled too long is not
    handed out again: relays hang up on those.
    """

    def __init__(self, settings: SmtpSettings, egress: Egress) -> None:
        self._settings = settings
        self._egress = egress
        self._idle: list[_Idle] = []
        self._prepared: _Prepared | None = None
        self._preparing = asyncio.Lock()

    def take_kept(self) -> SMTP | None:
        """A connection that a mail went over before; None: there is none."""
        while self._idle:
            connection, idle_since = self._idle.pop()
            if connection.is_connected and time.monotonic() - idle_since < self._settings.idle_seconds:
                return connection
            connection.close()
        return None

    async def open(self) -> SMTP:
        """A new connection, greeted, protected and logged in.

        Raises what aiosmtplib raises, OSError, RelayUnfitError.
        """
        settings, prepared = self._settings, await self._ready()
        async with asyncio.timeout(settings.timeout_seconds):
            sock, address = await self._dial()
        connection = SMTP(
            # The certificate must be of this name, though the connection goes to an address.
            hostname=settings.host.rstrip("."),
            sock=sock,
            use_tls=settings.security is Security.TLS,
            start_tls=_START_TLS.get(settings.security, False),
            tls_context=prepared.tls_context,
            local_hostname=prepared.local_hostname,
            timeout=settings.timeout_seconds,
        )
        try:
            await self._greet(connection)
            if settings.username:
                await self._log_in(connection, address)
        except BaseException:
            connection.close()
            raise
        return connection

    def keep(self, connection: SMTP) -> None:
        """Takes back a connection on which nothing is under way."""
        if len(self._idle) >= self._settings.kept_connections:
            connection.close()
        elif connection.is_connected:
            self._idle.append((connection, time.monotonic()))

    async def close(self) -> None:
        """Says good-bye on what is idle."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_quit(connection) for connection, _ in idle))

    async def _ready(self) -> _Prepared:
        async with self._preparing:
            if self._prepared is None:
                self._prepared = await asyncio.to_thread(self._prepare)
        return self._prepared

    def _prepare(self) -> _Prepared:
        in_the_clear = self._settings.security is Security.NONE
        return _Prepared(socket.getfqdn(), None if in_the_clear else self._settings.tls_context())

    async def _dial(self) -> tuple[socket.socket, str]:
        """Connects to an address that was checked, never to the name: that may lead elsewhere by now."""
        try:
            addresses = await self._egress.resolve(self._settings.host, self._settings.port)
        except AddressForbiddenError as error:
            raise RelayUnfitError("address_forbidden", str(error)) from error
        failure: OSError | None = None
        for address in addresses:
            try:
                return await _connect(address, self._settings.port), address
            except OSError as error:
                failure = error
        raise failure or OSError("the name has no addresses")

    async def _greet(self, connection: SMTP) -> None:
        try:
            await connection.connect()
        except SMTPException as error:
            if type(error) is SMTPException and self._settings.security is Security.STARTTLS_REQUIRED:
                raise RelayUnfitError("tls", "the relay does not offer STARTTLS") from error
            raise

    async def _log_in(self, connection: SMTP, address: str) -> None:
        settings = self._settings
        protected = connection.get_transport_info("sslcontext") is not None
        # Where TLS was asked for, its absence may be somebody's work who sits in between.
        in_the_clear = settings.security is Security.NONE and self._egress.trusts(address)
        if not protected and not in_the_clear:
            raise RelayUnfitError("tls", "no password is sent without TLS")
        if connection.is_ehlo_or_helo_needed:
            await connection.ehlo()
        if not connection.supports_extension("auth"):
            raise RelayUnfitError("credentials_refused", "the relay takes no login")
        await connection.login(settings.username, settings.password.get_secret_value())


async def _connect(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _quit(connection: SMTP) -> None:
    try:
        await connection.quit(timeout=_QUIT_SECONDS)
    except (SMTPException, OSError):
        connection.close()
