"""E-mail over SMTP (RFC 5321). What the answers mean is told in `smtp_outcome`.

Delivered means that the relay took the mail. The Message-ID is made of the delivery id, so a mail that is
repeated after a crash can be told from a new one.
"""

from __future__ import annotations

import asyncio

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPResponseException, SMTPServerDisconnected

from carillon_server.delivery.providers.callbacks.ses_events import read_mail_callback
from carillon_server.delivery.providers.email.mail import Mail, MailComposer
from carillon_server.delivery.providers.email.smtp_outcome import RelayUnfitError, classify
from carillon_server.delivery.providers.email.smtp_pool import SmtpPool
from carillon_server.delivery.providers.email.smtp_settings import SmtpSettings
from carillon_server.delivery.providers.provider import Message, ProviderKind, Workshop
from carillon_server.domain.channel import Channel
from carillon_server.domain.outcome import Delivered, Outcome, Rejected, Retry
from carillon_server.services.ports import Clock

_MAIL_TIMEOUTS = 4
"""A mail may take so many times as long as one answer."""
_LONGEST_MAIL_SECONDS = 80.0
_RESET_SECONDS = 2.0


class SmtpProvider:
    """Hands mails to a relay."""

    def __init__(
        self, name: str, pool: SmtpPool, composer: MailComposer, clock: Clock, timeout_seconds: float
    ) -> None:
        """`timeout_seconds`: for a whole mail."""
        self.name = name
        self._pool = pool
        self._composer = composer
        self._clock = clock
        self._timeout_seconds = timeout_seconds

    async def send(self, message: Message) -> Outcome:
        try:
            mail = self._composer.compose(message, self._clock())
        except ValueError as error:
            return Rejected("address_invalid", str(error))
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._transmit(mail)
        except RelayUnfitError as error:
            return Retry(error.error_class, error.detail)
        except (SMTPException, OSError) as error:
            return classify(error)
        except ValueError:
            return Rejected("address_invalid", "the relay cannot be told this address")
        return Delivered(mail.message_id)

    async def close(self) -> None:
        await self._pool.close()

    async def _transmit(self, mail: Mail) -> None:
        connection = await self._begin(mail)
        try:
            await connection.rcpt(mail.recipient, encoding=_encoding(mail))
            await connection.data(mail.raw)
        except SMTPResponseException:
            await self._keep_reset(connection)
            raise
        except BaseException:
            # Cancelled or broken in mid-sentence: nobody can go on from there.
            connection.close()
            raise
        self._pool.keep(connection)

    async def _begin(self, mail: Mail) -> SMTP:
        """A connection that has taken MAIL FROM; a relay may have hung up on a kept one, so that gets a
        second chance on a new one.
        """
        kept = self._pool.take_kept()
        if kept is not None:
            try:
                await _mail_from(kept, mail)
            except (SMTPServerDisconnected, SMTPResponseException, OSError):
                kept.close()
            except BaseException:
                kept.close()
                raise
            else:
                return kept
        connection = await self._pool.open()
        try:
            await _mail_from(connection, mail)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _keep_reset(self, connection: SMTP) -> None:
        try:
            await connection.rset(timeout=_RESET_SECONDS)
        except (SMTPException, OSError):
            connection.close()
        except BaseException:
            connection.close()
            raise
        else:
            self._pool.keep(connection)


async def _mail_from(connection: SMTP, mail: Mail) -> None:
    if connection.is_ehlo_or_helo_needed:
        await connection.ehlo()
    if mail.utf8 and not connection.supports_extension("smtputf8"):
        raise SMTPNotSupported("SMTPUTF8 is not supported by this server")
    options = ["SMTPUTF8", "BODY=8BITMIME"] if mail.utf8 else []
    await connection.mail(mail.sender, options=options, encoding=_encoding(mail))


def _encoding(mail: Mail) -> str:
    return "utf-8" if mail.utf8 else "ascii"


def _build(name: str, settings: SmtpSettings, workshop: Workshop) -> SmtpProvider:
    composer = MailComposer(settings.from_address or workshop.mail_from, workshop.link_base_url)
    return SmtpProvider(
        name,
        SmtpPool(settings, workshop.egress),
        composer,
        workshop.clock,
        min(settings.timeout_seconds * _MAIL_TIMEOUTS, _LONGEST_MAIL_SECONDS),
    )


KIND = ProviderKind(
    "smtp", frozenset({Channel.EMAIL}), SmtpSettings, _build, read_callback=read_mail_callback
)
