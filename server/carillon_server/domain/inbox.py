"""Addresses and the state of inboxes.

`inbox_id` is the one key of everything a recipient has: 16 bytes derived from tenant and recipient. A
caller can only compute ids of
its own tenant, so isolation holds by construction.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b

from carillon_server.domain.value import dataclass

INBOX_ID_BYTES = 16


def derive_inbox_id(tenant: str, recipient_id: str) -> bytes:
    """The inbox of a recipient. The tenant is length-prefixed so that no two pairs read alike."""
    name = tenant.encode()
    key = len(name).to_bytes(4, "big") + name + recipient_id.encode()
    return blake2b(key, digest_size=INBOX_ID_BYTES, person=b"carillon-inbox").digest()


@dataclass(frozen=True)
class InboxAddress:
    """A recipient inside a tenant."""

    tenant: str
    recipient_id: str

    @cached_property
    def inbox_id(self) -> bytes:
        return derive_inbox_id(self.tenant, self.recipient_id)


@dataclass(frozen=True, slots=True)
class Counts:
    """Exact counters. Archived notifications count in `archived` alone."""

    total: int = 0
    unread: int = 0
    unseen: int = 0
    archived: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.total + other.total,
            self.unread + other.unread,
            self.unseen + other.unseen,
            self.archived + other.archived,
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.total - other.total,
            self.unread - other.unread,
            self.unseen - other.unseen,
            self.archived - other.archived,
        )


@dataclass(frozen=True, slots=True)
class InboxState:
    """Where an inbox stands, at one instant."""

    epoch: int
    """Set when the inbox came into being: versions of different epochs cannot be compared."""
    version: int
    """Version of the last change; gap-free, in commit order."""
    floor_version: int
    """The oldest version from which every later change can still be told."""
    counts: Counts


EMPTY_INBOX = InboxState(epoch=0, version=0, floor_version=0, counts=Counts())
"""What a recipient without an inbox row has."""
