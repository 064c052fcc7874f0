"""The few pieces of the protobuf wire format that the hot paths write by hand.

A protobuf message is the concatenation of its fields, and concatenating two messages merges them. So bytes
that were serialized once can be put into any number of larger messages without being parsed again.
"""

from __future__ import annotations

from collections.abc import Iterable

_LENGTH_DELIMITED = 2


def varint(value: int) -> bytes:
    """An unsigned integer, seven bits a byte, lowest first."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(field_number: int) -> bytes:
    """What precedes a field of bytes, text or a message."""
    return varint(field_number << 3 | _LENGTH_DELIMITED)


def field(tag_bytes: bytes, body: bytes) -> bytes:
    """One field of bytes, text or a message."""
    return tag_bytes + varint(len(body)) + body


def repeated(tag_bytes: bytes, bodies: Iterable[bytes]) -> bytes:
    """A repeated field of bytes, text or messages."""
    return b"".join([part for body in bodies for part in (tag_bytes, varint(len(body)), body)])
