"""What is known of an RPC before anybody calls it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from google.protobuf.message import Message

from carillon_server.domain.identity import Role

if TYPE_CHECKING:
    from carillon_server.transport.call import Call

Function: TypeAlias = Callable[[Any, Any], Any]
"""A servicer's method: takes the request, or the iterator of requests, and the call."""
Proceed: TypeAlias = "Callable[[Call], Awaitable[Any]]"
"""The rest of the chain: runs the call and returns the response of a unary one."""


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC of one service."""

    path: str
    """As on the wire: `/carillon.v1.NotificationService/Send`."""
    request_streaming: bool
    response_streaming: bool
    request_type: type[Message]
    function: Function
    roles: frozenset[Role] | None
    """One of these is needed; None: no credentials at all."""
    takes_call: bool
    """Our servicers are handed the `Call`; those of the gRPC libraries its `ServicerContext`."""

    @property
    def long_lived(self) -> bool:
        """Whether it may run without a deadline."""
        return self.request_streaming or self.response_streaming

    @property
    def label(self) -> str:
        """The name in logs and metrics."""
        return self.path[1:]
