"""The live inbox on the wire. The stream itself, its order and its limits are the business of `realtime`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from google.protobuf.duration_pb2 import Duration

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.identity import Principal
from carillon_server.domain.inbox_query import InboxFilter
from carillon_server.domain.live_inbox import (
    DEFAULT_HEARTBEAT_SECONDS,
    DEFAULT_SNAPSHOT_SIZE,
    MAX_HEARTBEAT_SECONDS,
    MAX_SNAPSHOT_SIZE,
    MIN_HEARTBEAT_SECONDS,
    StreamRequest,
)
from carillon_server.transport.addressing import resolve_address
from carillon_server.transport.call import Call


class LiveStream(Protocol):
    """One stream, ready to run."""

    async def run(self) -> None: ...


class StreamOpener(Protocol):
    """Makes streams; what they have to say they `write`, serialized."""

    def __call__(
        self, principal: Principal, request: StreamRequest, write: Callable[[bytes], Awaitable[object]]
    ) -> LiveStream: ...


class SubscribeHandler:
    """Serves `Subscribe`."""

    def __init__(self, open_stream: StreamOpener) -> None:
        self._open_stream = open_stream

    async def Subscribe(self, request: pb.SubscribeRequest, call: Call) -> None:  # noqa: N802 - the name of the RPC
        stream = self._open_stream(call.principal, to_stream_request(request, call), call.context.write)
        await stream.run()


def to_stream_request(request: pb.SubscribeRequest, call: Call) -> StreamRequest:
    """What a validated request asks for, within the limits."""
    return StreamRequest(
        address=resolve_address(call, request.recipient_id),
        cursor=request.cursor,
        filter=_to_filter(request.filter),
        heartbeat_seconds=_heartbeat_seconds(request.heartbeat)
        if request.HasField("heartbeat")
        else DEFAULT_HEARTBEAT_SECONDS,
        snapshot_size=min(request.snapshot_size or DEFAULT_SNAPSHOT_SIZE, MAX_SNAPSHOT_SIZE),
    )


def _heartbeat_seconds(asked: Duration) -> float:
    seconds = asked.seconds + asked.nanos / 1e9
    return min(max(seconds, MIN_HEARTBEAT_SECONDS), MAX_HEARTBEAT_SECONDS)


def _to_filter(asked: types_pb2.Filter) -> InboxFilter:
    return InboxFilter(
        archived=asked.archived if asked.HasField("archived") else None,
        types=tuple(asked.types),
        category=asked.category,
        labels=dict(asked.labels),
        thread_key=asked.thread_key,
    )
