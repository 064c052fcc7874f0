"""One call on its way through the interceptors to a servicer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc

from carillon_server.domain.identity import Principal
from carillon_server.transport.method import Method

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class Call:
    """What the stages know of a call; each fills in its part, servicers only read."""

    __slots__ = ("_headers", "code", "context", "deadline", "method", "principal", "received", "request_id")

    def __init__(self, method: Method, context: Context, received: AsyncIterator[bytes]) -> None:
        self.method = method
        self.context = context
        # gRPC makes it anew each time it is asked.
        self._headers = context.invocation_metadata() or ()
        self.received: Any = received
        """An iterator of the bytes that come in; validation puts the message, or messages, in its place."""
        self.request_id = ""
        self.principal = _NOBODY
        self.code = grpc.StatusCode.OK
        self.deadline: float | None = None
        """On the clock of the event loop; None: none."""

    def remaining_seconds(self) -> float | None:
        """How long the caller still waits; None: as long as it takes."""
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - asyncio.get_running_loop().time())

    def header(self, key: str) -> str:
        """The value of a request header; empty when it is absent or sent more than once."""
        values = [value for name, value in self._headers if name == key]
        return values[0] if len(values) == 1 and isinstance(values[0], str) else ""


_NOBODY = Principal(tenant="", subject="", roles=frozenset())
