"""Addresses in mails: one address each, and nothing that ends a header."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.policy import SMTP

_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
# Where a word of RFC 2047 begins. The standard library decodes those in values that it is to write, and a
# line end may be in them.
_ENCODED_WORD = "=?"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SIMPLE = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*", re.ASCII)


def one_line(text: str) -> str:
    """Without line ends and control characters: fit for a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def plain_name(text: str) -> str:
    """A name for an address: one line, and read as it is written."""
    return one_line(text).replace(_ENCODED_WORD, "= ?")


def is_simple(address: str) -> bool:
    """Whether it reads the same in every place of a mail: no quotes, no comments, all ASCII."""
    return _ENCODED_WORD not in address and _SIMPLE.fullmatch(address) is not None


def parse_address(text: str) -> Address:
    """One address, its domain in ASCII; raises ValueError for anything else."""
    if _ENCODED_WORD in text:
        raise ValueError("not one mail address")
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


def parse_sender(text: str) -> Address:
    """A name and an address, as in a From header; raises ValueError where it holds no address, or several."""
    if not text.isprintable() or _ENCODED_WORD in text:
        raise ValueError("not one mail address")
    addresses = SMTP.header_factory("From", text).addresses
    if len(addresses) != 1:
        raise ValueError("not one mail address")
    address = parse_address(addresses[0].addr_spec)
    return Address(addresses[0].display_name, address.username, address.domain)
