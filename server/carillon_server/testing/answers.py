"""What a fake can do with a request.

fake.answer_with(Reply(429, {"retry-after": "7"}), Reply.of_json({"id": 1}), Fault.HANG_UP)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Reply:
    """An ordinary answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of_json(cls, value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """With a JSON body."""
        fields = {"content-type": "application/json", **(headers or {})}
        return cls(status, fields, json.dumps(value).encode())


class Fault(Enum):
    """What goes wrong instead of an answer."""

    HANG = "hang"
    """The request is read, and nothing follows."""
    RESET = "reset"
    """The request is read, and the connection is reset (RST)."""
    HANG_UP = "hang_up"
    """The request is read, and the connection is closed in order."""
    GARBAGE = "garbage"
    """The answer is not HTTP."""
    DRIP = "drip"
    """An endless answer, a byte now and then: no single read takes long."""
    CUT = "cut"
    """The connection is closed in the middle of the body."""
    FLOOD = "flood"
    """A body without end, as fast as it is taken."""


Step = Reply | Fault
