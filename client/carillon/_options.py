"""How a client connects and calls: what both clients share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc

from carillon._channel import channel_options
from carillon._target import channel_credentials

Metadata: TypeAlias = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """Where to and how securely."""

    target: str
    credentials: grpc.ChannelCredentials | None
    channel_options: list[tuple[str, Any]]
    compression: grpc.Compression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """How long a call may take, and what it tells beside its request."""

    timeout_seconds: float
    x_request_id: str = ""

    def changed(self, timeout_seconds: float | None, x_request_id: str | None) -> CallOptions:
        """The same options but for those that are not None."""
        return CallOptions(
            timeout_seconds=self.timeout_seconds if timeout_seconds is None else timeout_seconds,
            x_request_id=self.x_request_id if x_request_id is None else x_request_id,
        )

    def metadata(self, token: str | None) -> Metadata:
        """The headers of a call."""
        authorization = (("authorization", f"Bearer {token}"),) if token else ()
        return (*authorization, *((("x-request-id", self.x_request_id),) if self.x_request_id else ()))


def connection_options(
    target: str,
    *,
    has_token: bool,
    credentials: grpc.CallCredentials | None,
    tls: grpc.ChannelCredentials | bool | None,
    insecure: bool,
    compression: grpc.Compression | None,
    wait_for_ready: bool,
) -> ConnectionOptions:
    """Checks what a client was given. Raises `ValueError` for what does not go together."""
    if has_token and credentials is not None:
        raise ValueError("token and credentials exclude each other")
    return ConnectionOptions(
        target=target,
        credentials=channel_credentials(target, tls=tls, insecure=insecure, call_credentials=credentials),
        channel_options=channel_options(wait_for_ready=wait_for_ready),
        compression=compression,
    )
