"""Who calls: always from verified credentials, never from a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a principal may do; the value is the scope that grants it."""

    PRODUCER = "notifications.send"
    USER = "inbox"
    GATEWAY = "gateway"
    OPERATOR = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller."""

    tenant: str
    subject: str
    roles: frozenset[Role]
    expire_time: datetime | None = None
    """When the credentials end; None: never by themselves."""
    credential_id: str = ""
    """Which token or API key, for revocation and logs; never the secret."""
