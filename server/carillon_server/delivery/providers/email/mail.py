"""Mails as bytes, with their envelopes.

Every value that somebody wrote goes through `one_line` or is read as an address, and then through the
standard library's policy, so none of them can end its header (RFC 5322).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.utils import format_datetime
from functools import lru_cache

from carillon_server.delivery.providers.email.mail_address import (
    is_simple,
    one_line,
    parse_address,
    parse_sender,
    plain_name,
)
from carillon_server.delivery.providers.email.mail_texts import write_texts
from carillon_server.delivery.providers.email.mime import write_body, write_header
from carillon_server.delivery.providers.provider import Message
from carillon_server.domain.delivery_settings import Branding

# RFC 2369: a URI between angle brackets. It is never folded, and lines end at 998 characters (RFC 5322).
_UNSUBSCRIBE_URL = re.compile(r"https://[!-;=?-~]{1,900}")
_BRANDED_SENDERS = 1_000


@dataclass(frozen=True, slots=True)
class Mail:
    """An envelope and what is in it."""

    sender: str
    recipient: str
    raw: bytes
    message_id: str
    utf8: bool
    """The relay must speak SMTPUTF8: the part of the address before the @ is not ASCII."""


class MailComposer:
    """Writes mails from one sender."""

    def __init__(self, mail_from: str, link_base_url: str = "") -> None:
        """`mail_from` as in a From header. Raises ValueError where it holds no address."""
        self._mail_from = mail_from
        self._sender = parse_sender(mail_from)
        self._link_base_url = link_base_url

    def compose(self, message: Message, now: datetime) -> Mail:
        """Raises ValueError when the recipient's address is none."""
        recipient = parse_address(message.address)
        utf8 = not recipient.addr_spec.isascii()
        message_id = f"<{message.delivery_id}@{self._sender.domain}>"
        # RFC 3834: an automatic mail says so, and nobody's holiday answer comes back.
        fixed = (
            f"Date: {format_datetime(now)}\r\nMessage-ID: {message_id}\r\nAuto-Submitted: auto-generated\r\n"
        )
        if message.locale.isascii() and message.locale.replace("-", "").isalnum():
            fixed += f"Content-Language: {message.locale}\r\n"
        headers = [
            _origin(self._mail_from, message.branding),
            write_header("To", message.address if is_simple(message.address) else recipient, utf8=utf8),
            write_header("Subject", one_line(message.words.title)),
            fixed.encode(),
            _unsubscription(message.unsubscribe_url),
        ]
        raw = b"".join(headers) + write_body(write_texts(message, self._link_base_url), message.attachments)
        return Mail(self._sender.addr_spec, recipient.addr_spec, raw, message_id, utf8)


@lru_cache(maxsize=_BRANDED_SENDERS)
def _origin(mail_from: str, branding: Branding) -> bytes:
    """From, and Reply-To where the tenant has one."""
    sender = parse_sender(mail_from)
    name = plain_name(branding.from_name)
    named = Address(name, sender.username, sender.domain) if name else sender
    written = write_header("From", named)
    try:
        reply_to = parse_address(branding.reply_to) if branding.reply_to else None
    except ValueError:
        # Refused when it is configured; should one be there all the same, the mail is worth more.
        reply_to = None
    return written + write_header("Reply-To", reply_to) if reply_to else written


def _unsubscription(url: str) -> bytes:
    """RFC 2369, and RFC 8058 for one click."""
    if not _UNSUBSCRIBE_URL.fullmatch(url):
        return b""
    return f"List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()
