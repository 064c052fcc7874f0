"""What a hint looks like in Redis: a channel name and a payload of which nothing can be read.

The channel is a keyed hash of the inbox. The payload is the sender's tag (8 bytes, so that a process passes
over its own), a nonce, and the rest under AES-256-GCM, bound to channel and tag. Both keys are derived from a
secret key of the service; the first one is written with, all are listened to and opened with, so that keys
can be rotated.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carillon_server.realtime.event import LiveEvent

MAX_CARRIED_BYTES = 8 * 1024
"""Larger messages are left out; who gets the hint reads them from Postgres."""

_PREFIX = b"carillon:hint:"
_TAG_BYTES = 8
_NONCE_BYTES = 12
_LAYOUT = struct.Struct(">B16sQQQQdB")
_FORMAT_VERSION = 1
_CARRIED, _TO_BE_READ = 1, 0
_NO_TIME = 0.0


@dataclass(frozen=True, slots=True)
class Hint:
    """An event as another process told it."""

    installation_epoch: int
    event: LiveEvent


class _Key:
    """What one secret key of the service gives."""

    def __init__(self, secret: bytes) -> None:
        self._channel_key = blake2b(secret, digest_size=32, person=b"carillon-hint-ch").digest()
        self.cipher = AESGCM(blake2b(secret, digest_size=32, person=b"carillon-hint").digest())

    def channel(self, inbox_id: bytes) -> bytes:
        return _PREFIX + blake2b(inbox_id, digest_size=16, key=self._channel_key).hexdigest().encode()


class HintSealer:
    """Writes and reads hints for one process."""

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        self._keys = [_Key(secret) for secret in secret_keys]
        self._tag = secrets.token_bytes(_TAG_BYTES)

    def publishing_channel(self, inbox_id: bytes) -> bytes:
        """Where hints about an inbox are sent."""
        return self._keys[0].channel(inbox_id)

    def listening_channels(self, inbox_id: bytes) -> list[bytes]:
        """Where hints about an inbox may come from."""
        return [key.channel(inbox_id) for key in self._keys]

    def seal(self, channel: bytes, installation_epoch: int, event: LiveEvent) -> bytes:
        """The payload for `channel`."""
        message = event.message
        carried = message is not None and len(message) <= MAX_CARRIED_BYTES
        plain = _LAYOUT.pack(
            _FORMAT_VERSION,
            event.inbox_id,
            installation_epoch,
            event.epoch,
            event.first_version,
            event.last_version,
            event.commit_time.timestamp() if event.commit_time else _NO_TIME,
            _CARRIED if carried else _TO_BE_READ,
        )
        nonce = secrets.token_bytes(_NONCE_BYTES)
        body = plain + message if carried and message else plain
        return self._tag + nonce + self._keys[0].cipher.encrypt(nonce, body, channel + self._tag)

    def is_own(self, payload: bytes) -> bool:
        """Whether this process sent it."""
        return payload.startswith(self._tag)

    def open(self, channel: bytes, payload: bytes) -> Hint | None:
        """None for what nobody with our keys sent to this channel."""
        tag, nonce = payload[:_TAG_BYTES], payload[_TAG_BYTES : _TAG_BYTES + _NONCE_BYTES]
        sealed = payload[_TAG_BYTES + _NONCE_BYTES :]
        for key in self._keys:
            try:
                return _parse(key.cipher.decrypt(nonce, sealed, channel + tag))
            except (InvalidTag, ValueError):
                continue
        return None


def _parse(plain: bytes) -> Hint | None:
    if not plain or plain[0] != _FORMAT_VERSION:
        return None
    _, inbox_id, installation_epoch, epoch, first, last, commit_time, carried = _LAYOUT.unpack_from(plain)
    event = LiveEvent(
        inbox_id,
        epoch,
        first,
        last,
        datetime.fromtimestamp(commit_time, UTC) if commit_time else None,
        plain[_LAYOUT.size :] if carried == _CARRIED else None,
    )
    return Hint(installation_epoch, event)
