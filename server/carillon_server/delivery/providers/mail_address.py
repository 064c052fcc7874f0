"""Addresses in mails: one address each, and nothing that ends a header."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.policy import SMTP

_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SIMPLE = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*", re.ASCII)


def one_line(text: str) -> str:
    """Without line ends and control characters: fit for a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def is_simple(address: str) -> bool:
    """Whether it reads the same in every place of a mail: no quotes, no comments, all ASCII."""
    return _SIMPLE.fullmatch(address) is not None


def parse_address(text: str) -> Address:
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


def parse_sender(text: str) -> Address:
    """A name and an address, as in a From header; raises ValueError where it holds no address, or several."""
    if not text.isprintable():
        raise ValueError("not one mail address")
    addresses = SMTP.header_factory("From", text).addresses
    if len(addresses) != 1:
        raise ValueError("not one mail address")
    address = parse_address(addresses[0].addr_spec)
    return Address(addresses[0].display_name, address.username, address.domain)
