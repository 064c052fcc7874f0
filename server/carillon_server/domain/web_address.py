"""Addresses of web services, read in one way only.

A host that two readers understand differently is how a check is passed by: one reads `010.0.0.1` as octal,
another as decimal. So there is one reader, for the check and for the connection, and it refuses every
spelling that others might read differently: IPv4 addresses other than four decimal numbers, user names,
backslashes, white space, zone ids. What looks different and means the same to everybody (full-width digits,
ideographic full stops, capitals, a full stop at the end) is brought into one form (RFC 3490).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, urlsplit

IpAddress = IPv4Address | IPv6Address

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_HOST_CHARACTERS = 253
# Requests go to few hosts, again and again.
_REMEMBERED_HOSTS = 2_000
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# The last label of a name is never a number; of what `inet_aton` takes for an address, it always is.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# What RFC 3986 lets stand in a path and a query.
_SAFE = "/%:@!$&'()*+,;=~-._?"


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where a request goes."""

    scheme: str
    """`http` or `https`."""
    host: str
    """A name in ASCII, or an address as the standard library writes it; without brackets."""
    port: int
    target: str
    """Path and query."""

    @property
    def ip(self) -> IpAddress | None:
        """The host, where it is an address and no name."""
        return read_ip(self.host)

    @property
    def authority(self) -> str:
        """Host and port as in a URL and in the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> WebAddress:
        """Raises ValueError with a sentence about what is wrong."""
        if any(character.isspace() or not character.isprintable() for character in url) or "\\" in url:
            raise ValueError("no white space, control characters or backslashes")
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS:
            raise ValueError("must be an https URL")
        if "@" in parts.netloc:
            raise ValueError("must not carry a user name")
        port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
        if port == 0:
            raise ValueError("port 0 cannot be reached")
        host = _read_host(parts.netloc)
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.scheme, host, port, quote((parts.path or "/") + query, safe=_SAFE))


def _read_host(netloc: str) -> str:
    if netloc.startswith("["):
        literal, _, rest = netloc[1:].partition("]")
        if rest and not rest.startswith(":"):
            raise ValueError("the host is malformed")
        return _read_ipv6(literal)
    return _read_name(netloc.partition(":")[0])


def _read_ipv6(literal: str) -> str:
    if "%" in literal:
        raise ValueError("must not carry a zone id")
    try:
        return str(IPv6Address(literal))
    except ValueError as error:
        raise ValueError("the host is no IPv6 address") from error


@lru_cache(maxsize=_REMEMBERED_HOSTS)
def _read_name(text: str) -> str:
    name = _to_ascii(text).lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > _MAX_HOST_CHARACTERS or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("the host is no name")
    if not _NUMBER.fullmatch(labels[-1]):
        return name
    try:
        return str(IPv4Address(name))
    except ValueError as error:
        raise ValueError("an IPv4 address is written as four decimal numbers") from error


def _to_ascii(name: str) -> str:
    """Digits, letters and full stops of other scripts become ours, other letters Punycode."""
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError("the host is no name") from error


@lru_cache(maxsize=_REMEMBERED_HOSTS)
def read_ip(host: str) -> IpAddress | None:
    """An address without a zone; None: it is a name."""
    if "%" in host:
        return None
    try:
        return IPv6Address(host) if ":" in host else IPv4Address(host)
    except ValueError:
        return None
