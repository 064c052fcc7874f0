"""Which mail relay to use, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
_START_TLS = {"required": True, "never": False}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A relay; made from `smtp://user:password@host:port?starttls=required|never` or `smtps://…`."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    """TLS from the first byte."""
    start_tls: bool | None = None
    """True: refuse to go on without; None: when the server offers it."""

    @classmethod
    def parse(cls, url: str) -> SmtpServer:
        """Raises ValueError, which never quotes the URL: it may hold a password."""
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError("the mail relay must be given as smtp://host or smtps://host")
        return cls(
            host=parts.hostname,
            port=parts.port or _DEFAULT_PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "smtps",
            start_tls=_start_tls(parts.query) if parts.scheme == "smtp" else False,
        )


def _start_tls(query: str) -> bool | None:
    options = parse_qs(query)
    choice = options.pop("starttls", [None])[0]
    if options or (choice is not None and choice not in _START_TLS):
        raise ValueError("the only option of a mail relay is starttls=required or starttls=never")
    return None if choice is None else _START_TLS[choice]
