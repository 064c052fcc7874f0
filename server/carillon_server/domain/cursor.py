"""Where a reader stands in an inbox, as a token that callers cannot forge.

A cursor names the inbox, the epochs of the installation and of the inbox, and a version; a keyed hash over
all of it tells tampering
from age. It is a property of the inbox, not of the device, so one serialized event serves every device.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest

from carillon_server.domain.errors import Reason, Refusal

_LAYOUT = struct.Struct(">B16sIQQ")
_FORMAT_VERSION = 1
_MAC_BYTES = 8


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in one inbox."""

    inbox_id: bytes
    installation_epoch: int
    """Changes when the database was restored: versions taken before may have been given out again."""
    inbox_epoch: int
    version: int


class CursorSealer:
    """Writes and reads cursor tokens. The first key signs, all keys verify, so that keys can be rotated."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [blake2b(key, digest_size=32, person=b"carillon-cursor").digest() for key in keys]

    def seal(self, cursor: Cursor) -> str:
        body = _LAYOUT.pack(
            _FORMAT_VERSION, cursor.inbox_id, cursor.installation_epoch, cursor.inbox_epoch, cursor.version
        )
        return urlsafe_b64encode(body + _mac(self._keys[0], body)).decode()

    def open(self, token: str, inbox_id: bytes) -> Cursor:
        """Raises CURSOR_INVALID for a token that is not ours, was changed, or is of another inbox."""
        body = self._verified_body(token)
        cursor = Cursor(*_LAYOUT.unpack(body)[1:])
        if cursor.inbox_id != inbox_id:
            raise _invalid()
        return cursor

    def _verified_body(self, token: str) -> bytes:
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except (Base64Error, ValueError) as error:
            raise _invalid() from error
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(body) != _LAYOUT.size or urlsafe_b64encode(raw).decode() != token:
            raise _invalid()
        if not any(compare_digest(_mac(key, body), mac) for key in self._keys):
            raise _invalid()
        return body


def _mac(key: bytes, body: bytes) -> bytes:
    return blake2b(body, digest_size=_MAC_BYTES, key=key).digest()


def _invalid() -> Refusal:
    return Refusal(Reason.CURSOR_INVALID, "the cursor is not one of this inbox")
