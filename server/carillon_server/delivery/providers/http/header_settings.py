"""Headers that settings name (RFC 9110): what may stand in them, and which ones nobody may set."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# Of values what every server takes.
_VALUE = re.compile(r"[!-~](?:[ -~]{0,998}[!-~])?")
# They say where a request goes, where it ends, or what becomes of the connection.
_OF_THE_SERVICE = frozenset(
    {
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type", "cookie"),
        *("expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)


def check_header_value(text: str) -> None:
    """Raises ValueError, without the text: it may be a secret."""
    if not _VALUE.fullmatch(text):
        raise ValueError("printable ASCII on one line, at most 1,000 characters")


def check_headers(headers: Mapping[str, str], reserved: Collection[str] = ()) -> None:
    """Raises ValueError, without the values: they may be secrets. `reserved`: more names that are not for
    settings, in small letters.
    """
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError("header names are tokens, values are printable ASCII on one line")
        if name.lower() in _OF_THE_SERVICE or name.lower() in reserved:
            raise ValueError("a header that the service sets itself cannot be set")
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("each header is named once")
