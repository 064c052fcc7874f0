"""Public ids. They encode the primary key, so no second unique index is paid for; callers treat them as
opaque.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error

from carillon_server.domain.inbox import INBOX_ID_BYTES
from carillon_server.domain.value import dataclass

ENDPOINT_ID_BYTES = 16
BROADCAST_ID_BYTES = 16
_SEQ_BYTES = 8


def _encode(prefix: str, raw: bytes) -> str:
    return prefix + urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(prefix: str, text: str, length: int) -> bytes | None:
    if not text.startswith(prefix):
        return None
    body = text[len(prefix) :]
    try:
        raw = urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (Base64Error, ValueError):
        return None
    # Only the canonical spelling is an id: base64 leaves spare bits that would otherwise give one thing two
    # names.
    return raw if len(raw) == length and _encode(prefix, raw) == text else None


@dataclass(frozen=True, slots=True)
class NotificationId:
    """One notification: its inbox and its place there."""

    inbox_id: bytes
    seq: int

    def __str__(self) -> str:
        return _encode("ntf_", self.inbox_id + self.seq.to_bytes(_SEQ_BYTES, "big"))

    @classmethod
    def parse(cls, text: str) -> NotificationId | None:
        """None where the text is no id of ours."""
        raw = _decode("ntf_", text, INBOX_ID_BYTES + _SEQ_BYTES)
        if raw is None or raw[INBOX_ID_BYTES] & 0x80:
            return None
        return cls(raw[:INBOX_ID_BYTES], int.from_bytes(raw[INBOX_ID_BYTES:], "big"))


@dataclass(frozen=True, slots=True)
class DeliveryId:
    """One delivery: its notification and its number there. Stable over every attempt, so that providers can
    tell repeats.
    """

    inbox_id: bytes
    seq: int
    ordinal: int

    def __str__(self) -> str:
        raw = self.inbox_id + self.seq.to_bytes(_SEQ_BYTES, "big") + self.ordinal.to_bytes(2, "big")
        return _encode("dlv_", raw)

    @classmethod
    def parse(cls, text: str) -> DeliveryId | None:
        """None where the text is no id of ours."""
        raw = _decode("dlv_", text, INBOX_ID_BYTES + _SEQ_BYTES + 2)
        if raw is None or raw[INBOX_ID_BYTES] & 0x80:
            return None
        split = INBOX_ID_BYTES + _SEQ_BYTES
        return cls(
            raw[:INBOX_ID_BYTES],
            int.from_bytes(raw[INBOX_ID_BYTES:split], "big"),
            int.from_bytes(raw[split:], "big"),
        )


@dataclass(frozen=True, slots=True)
class BroadcastId:
    """One broadcast; random."""

    raw: bytes

    def __str__(self) -> str:
        return _encode("brd_", self.raw)

    @classmethod
    def parse(cls, text: str) -> BroadcastId | None:
        """None where the text is no id of ours."""
        raw = _decode("brd_", text, BROADCAST_ID_BYTES)
        return None if raw is None else cls(raw)


def encode_endpoint_id(raw: bytes) -> str:
    """The public id of an endpoint."""
    return _encode("ept_", raw)


def parse_endpoint_id(text: str) -> bytes | None:
    """None where the text is no id of ours."""
    return _decode("ept_", text, ENDPOINT_ID_BYTES)
