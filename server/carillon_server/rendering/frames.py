"""How a server and its render processes talk: JSON behind its length. Never pickle: the other side may have
run a hostile template.
"""

from __future__ import annotations

import json
from typing import Any

HEAD_BYTES = 4
MAX_FRAME_BYTES = 64 * 1024 * 1024

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def pack(message: Any) -> bytes:
    """A message with its length before it."""
    body = _encode(message).encode("ascii")
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError("the message is too large")
    return len(body).to_bytes(HEAD_BYTES) + body


def length_of(head: bytes) -> int:
    """How long the message behind this head is. Raises ValueError where it cannot be one of ours."""
    length = int.from_bytes(head)
    if length > MAX_FRAME_BYTES:
        raise ValueError("the message is too large")
    return length


def unpack(body: bytes) -> Any:
    """The message. Whole numbers come without a fraction, as a Struct does not tell them from others."""
    return json.loads(body, parse_float=_number)


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number
