"""A client's end of a live stream, and the inbox that it builds from it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2

DEADLINE_SECONDS = 5.0


class Reader:
    """Reads messages one by one; the last cursor is kept as a client keeps it."""

    def __init__(self, call: Any) -> None:
        self.call = call
        self.cursor = ""

    async def next(self, within_seconds: float = DEADLINE_SECONDS) -> pb.SubscribeResponse:
        """The next message; fails when none comes in time or the stream ends."""
        async with asyncio.timeout(within_seconds):
            message = await self.call.read()
        assert message is not grpc.aio.EOF, "the stream ended"
        assert isinstance(message, pb.SubscribeResponse)
        assert message.cursor
        self.cursor = message.cursor
        return message

    async def next_event(self, within_seconds: float = DEADLINE_SECONDS) -> pb.SubscribeResponse:
        """The next message that is no heartbeat."""
        async with asyncio.timeout(within_seconds):
            while True:
                message = await self.next(within_seconds)
                if not message.HasField("heartbeat"):
                    return message

    async def opens(self) -> bool:
        """Whether the stream is served at all."""
        try:
            await self.next()
        except grpc.aio.AioRpcError:
            return False
        return True

    async def rest(
        self, within_seconds: float = DEADLINE_SECONDS, at_most: int = 1_000_000
    ) -> list[pb.SubscribeResponse]:
        """What comes in that time, or until the stream ends, however it ends."""
        messages: list[pb.SubscribeResponse] = []
        with suppress(grpc.aio.AioRpcError, TimeoutError):
            async with asyncio.timeout(within_seconds):
                while len(messages) < at_most and (message := await self.call.read()) is not grpc.aio.EOF:
                    self.cursor = message.cursor
                    messages.append(message)
        return messages

    async def end(self, within_seconds: float = DEADLINE_SECONDS) -> str:
        """How the stream ended: `OK`, or the reason of the refusal. Messages before it are passed over."""
        await self.rest(within_seconds)
        return reason_of(await self.call.code(), await self.call.trailing_metadata())


class Replica:
    """What a client shows. Fails on whatever the contract forbids."""

    def __init__(self) -> None:
        self.shown: dict[str, types_pb2.Notification] = {}
        self.order: list[str] = []
        """In the order of their creation."""
        self.counts = types_pb2.Counts()
        self.resets = 0

    def apply(self, message: pb.SubscribeResponse) -> None:
        match message.WhichOneof("event"):
            case "snapshot":
                self.shown = {each.id: each for each in message.snapshot.notifications}
                self.order = [each.id for each in reversed(message.snapshot.notifications)]
                self.counts = message.snapshot.counts
            case "created":
                for each in message.created.notifications:
                    assert each.id not in self.shown, "created twice"
                    self.shown[each.id] = each
                    self.order.append(each.id)
                self.counts = message.created.counts
            case "changed":
                for each in message.changed.notifications:
                    self.shown[each.id] = each
                self.counts = message.changed.counts
            case "removed":
                for id_ in message.removed.ids:
                    self.shown.pop(id_, None)
                self.counts = message.removed.counts
            case "counts":
                self.counts = message.counts
            case "reset":
                self.resets += 1

    @property
    def titles(self) -> list[str]:
        return [self.shown[id_].content.title for id_ in self.order if id_ in self.shown]


def reason_of(code: grpc.StatusCode, metadata: Any) -> str:
    """The reason in the details of a refusal; where there are none, the name of the code."""
    for key, value in metadata or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            info = ErrorInfo()
            Status.FromString(value).details[0].Unpack(info)
            return info.reason
    return code.name
