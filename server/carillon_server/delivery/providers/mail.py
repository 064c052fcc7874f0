"""Mails as bytes, with their envelopes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import format_datetime, parseaddr

from carillon_server.delivery.layout import render_html, render_text
from carillon_server.delivery.providers.mime import write_alternative, write_header
from carillon_server.delivery.providers.provider import Message

_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SIMPLE = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*", re.ASCII)


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
        name, spec = parseaddr(mail_from)
        address = _parse_address(spec)
        self._sender = Address(name, address.username, address.domain)
        self._from = write_header("From", self._sender)
        self._link_base_url = link_base_url

    def compose(self, message: Message, now: datetime) -> Mail:
        """Raises ValueError when the recipient's address is none."""
        recipient = _parse_address(message.address)
        utf8 = not recipient.addr_spec.isascii()
        message_id = f"<{message.delivery_id}@{self._sender.domain}>"
        # RFC 3834: an automatic mail says so, and nobody's holiday answer comes back.
        fixed = (
            f"Date: {format_datetime(now)}\r\nMessage-ID: {message_id}\r\nAuto-Submitted: auto-generated\r\n"
        )
        if message.locale.isascii() and message.locale.replace("-", "").isalnum():
            fixed += f"Content-Language: {message.locale}\r\n"
        headers = [
            self._from,
            write_header("To", message.address if is_simple(message.address) else recipient, utf8=utf8),
            write_header("Subject", one_line(message.content.title)),
            fixed.encode(),
        ]
        texts = {
            "plain": render_text(message.content, self._link_base_url),
            "html": render_html(message.content, message.locale, self._link_base_url),
        }
        raw = write_alternative(b"".join(headers), texts)
        return Mail(self._sender.addr_spec, recipient.addr_spec, raw, message_id, utf8)


def one_line(text: str) -> str:
    """Without line ends and control characters: fit for a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def is_simple(address: str) -> bool:
    """Whether it reads the same in every place of a mail: no quotes, no comments, all ASCII."""
    return _SIMPLE.fullmatch(address) is not None


def _parse_address(text: str) -> Address:
    """One address, its domain in ASCII; raises ValueError for anything else."""
    username, _, domain = text.rpartition("@")
    if is_simple(text):
        return Address(username=username, domain=domain)
    try:
        if not username or not domain or not text.isprintable():
            raise ValueError
        ascii_domain = domain.encode("idna").decode()
        if not username.isascii():
            return Address(username=username, domain=ascii_domain)
        return Address(addr_spec=f"{username}@{ascii_domain}")
    except (HeaderParseError, IndexError, ValueError) as error:
        raise ValueError("not one mail address") from error
