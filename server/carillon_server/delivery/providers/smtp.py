"""E-mail over SMTP."""

from __future__ import annotations

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPResponseException, SMTPServerDisconnected

from carillon_server.delivery.providers.mail import Mail, MailComposer
from carillon_server.delivery.providers.provider import Message
from carillon_server.delivery.providers.smtp_outcome import classify
from carillon_server.delivery.providers.smtp_pool import SmtpPool
from carillon_server.domain.outcome import Delivered, Outcome, Rejected
from carillon_server.services.ports import Clock


class SmtpProvider:
    """Hands mails to a relay. The Message-ID is made of the delivery id, so a mail that is repeated after a
    crash can be told from a new one.
    """

    name = "smtp"

    def __init__(self, pool: SmtpPool, composer: MailComposer, clock: Clock) -> None:
        self._pool = pool
        self._composer = composer
        self._clock = clock

    async def send(self, message: Message) -> Outcome:
        try:
            mail = self._composer.compose(message, self._clock())
        except ValueError as error:
            return Rejected("address_invalid", str(error))
        try:
            await self._transmit(mail)
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
            await connection.rset()
        except (SMTPException, OSError):
            connection.close()
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
