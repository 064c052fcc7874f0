"""Calls over `grpc.aio`: tokens, deadlines, exceptions."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from weakref import WeakSet

import grpc

from carillon._options import CallOptions, ConnectionOptions, Metadata
from carillon._pool import ChannelPool, Lease
from carillon._rpc import EXPORT_RECIPIENT, SEND_STREAM, SUBSCRIBE, P, Request, Response, Rpc
from carillon._status import error_from_call
from carillon._token import AsyncToken, AsyncTokenSource
from carillon.errors import AccessError, CarillonError, UnavailableError
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import recipient_service_pb2 as recipient_pb

_WRITE_FAILED = "Internal error from Core"


class AsyncConnection:
    """What an `AsyncClient` and all its variants and subscriptions share."""

    def __init__(
        self, options: ConnectionOptions, token: AsyncToken | None, streams_per_connection: int
    ) -> None:
        self._options = options
        self.tokens = AsyncTokenSource(token)
        self.pool: ChannelPool[grpc.aio.Channel] = ChannelPool(self._open_channel, streams_per_connection)
        self._subscribed: WeakSet[grpc.aio.Call] = WeakSet()

    def with_token(self, token: AsyncToken) -> AsyncConnection:
        """The same connections, for calls with another token."""
        connection = copy.copy(self)
        connection.tokens = AsyncTokenSource(token)
        return connection

    async def unary(self, rpc: Rpc[P, Request, Response], request: Request, options: CallOptions) -> Response:
        """Makes one call; once more with another token if the first is refused."""
        token = await self.tokens.current()
        try:
            return await self._unary(rpc, request, options, token)
        except AccessError as error:
            if error.code is not grpc.StatusCode.UNAUTHENTICATED:
                raise
            renewed = await self.tokens.after(token)
            if renewed == token:
                raise
            return await self._unary(rpc, request, options, renewed)

    def subscribe(
        self, lease: Lease[grpc.aio.Channel], request: pb.SubscribeRequest, metadata: Metadata
    ) -> grpc.aio.UnaryStreamCall[pb.SubscribeRequest, pb.SubscribeResponse]:
        """Opens a live stream."""
        start: grpc.aio.UnaryStreamMultiCallable[pb.SubscribeRequest, pb.SubscribeResponse] = (
            lease.channel.unary_stream(
                SUBSCRIBE,
                request_serializer=pb.SubscribeRequest.SerializeToString,
                response_deserializer=pb.SubscribeResponse.FromString,
            )
        )
        call = start(request, metadata=metadata)
        self._subscribed.add(call)
        return call

    def export_recipient(
        self, lease: Lease[grpc.aio.Channel], request: recipient_pb.ExportRecipientRequest, metadata: Metadata
    ) -> grpc.aio.UnaryStreamCall[recipient_pb.ExportRecipientRequest, recipient_pb.ExportRecipientResponse]:
        """Opens an export."""
        start: grpc.aio.UnaryStreamMultiCallable[
            recipient_pb.ExportRecipientRequest, recipient_pb.ExportRecipientResponse
        ] = lease.channel.unary_stream(
            EXPORT_RECIPIENT,
            request_serializer=recipient_pb.ExportRecipientRequest.SerializeToString,
            response_deserializer=recipient_pb.ExportRecipientResponse.FromString,
        )
        return start(request, metadata=metadata)

    def send_stream(
        self,
        lease: Lease[grpc.aio.Channel],
        requests: AsyncIterator[pb.SendStreamRequest],
        metadata: Metadata,
    ) -> grpc.aio.StreamStreamCall[pb.SendStreamRequest, pb.SendStreamResponse]:
        """Opens the bulk lane."""
        start: grpc.aio.StreamStreamMultiCallable[pb.SendStreamRequest, pb.SendStreamResponse] = (
            lease.channel.stream_stream(
                SEND_STREAM,
                request_serializer=pb.SendStreamRequest.SerializeToString,
                response_deserializer=pb.SendStreamResponse.FromString,
            )
        )
        return start(requests, metadata=metadata)

    async def release(self, lease: Lease[grpc.aio.Channel]) -> None:
        """Ends a call."""
        channel = self.pool.release(lease)
        if channel is not None:
            await channel.close()

    async def close(self) -> None:
        """Ends all calls and closes all connections."""
        channels = self.pool.close()
        # Older versions of gRPC leave the reader of a stream waiting when they close its channel.
        for call in self._subscribed:
            call.cancel()
        for channel in channels:
            await channel.close()

    async def _unary(
        self, rpc: Rpc[P, Request, Response], request: Request, options: CallOptions, token: str | None
    ) -> Response:
        lease = self.pool.acquire()
        try:
            call = lease.channel.unary_unary(
                rpc.path,
                request_serializer=type(request).SerializeToString,
                response_deserializer=rpc.response.FromString,
            )
            return await call(request, timeout=options.timeout_seconds, metadata=options.metadata(token))
        except grpc.aio.AioRpcError as error:
            raise translated(error) from error
        except asyncio.CancelledError:
            if task_is_cancelled():
                raise
            raise closed_meanwhile() from None
        finally:
            await self.release(lease)

    def _open_channel(self) -> grpc.aio.Channel:
        target, options = self._options.target, self._options.channel_options
        if self._options.credentials is None:
            return grpc.aio.insecure_channel(target, options, self._options.compression)
        return grpc.aio.secure_channel(target, self._options.credentials, options, self._options.compression)


def task_is_cancelled() -> bool:
    """Whether a `CancelledError` is meant for the task, and not what gRPC raises where a call was ended."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def closed_meanwhile() -> CarillonError:
    """The exception for a call that ended because its client was closed."""
    return CarillonError("the client was closed", code=grpc.StatusCode.CANCELLED)


def translated(error: grpc.aio.AioRpcError) -> CarillonError:
    """The exception for a failed call."""
    return error_from_call(error.code(), error.details(), error.trailing_metadata())


def translated_write(error: grpc.aio.AioRpcError) -> CarillonError:
    """The exception for a failed call that was sending.

    `grpc.aio` replaces the status by an error of its own where a write finds the call ended. Calls end like
    that when the server stops or the connection breaks.
    """
    if error.code() is grpc.StatusCode.INTERNAL and error.details() == _WRITE_FAILED:
        return UnavailableError("the stream ended while sending", code=grpc.StatusCode.UNAVAILABLE)
    return translated(error)
