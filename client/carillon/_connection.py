"""Calls over threads: tokens, deadlines, exceptions."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Protocol, TypeVar

import grpc

from carillon._options import CallOptions, ConnectionOptions, Metadata
from carillon._pool import ChannelPool, Lease
from carillon._rpc import EXPORT_RECIPIENT, SEND_STREAM, SUBSCRIBE, P, Request, Response, Rpc
from carillon._status import error_from_call
from carillon._token import Token, TokenSource
from carillon.errors import AccessError, CarillonError
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import recipient_service_pb2 as recipient_pb

_Message_co = TypeVar("_Message_co", covariant=True)


class ResponseStream(Protocol[_Message_co]):
    """A running call that answers with several messages."""

    def __iter__(self) -> Iterator[_Message_co]: ...

    def __next__(self) -> _Message_co: ...

    def cancel(self) -> object:
        """Ends the call; its reader sees CANCELLED."""


class Connection:
    """What a `Client` and all its variants and subscriptions share."""

    def __init__(self, options: ConnectionOptions, token: Token | None, streams_per_connection: int) -> None:
        self._options = options
        self.tokens = TokenSource(token)
        self.pool: ChannelPool[grpc.Channel] = ChannelPool(self._open_channel, streams_per_connection)

    def with_token(self, token: Token) -> Connection:
        """The same connections, for calls with another token."""
        connection = copy.copy(self)
        connection.tokens = TokenSource(token)
        return connection

    def unary(self, rpc: Rpc[P, Request, Response], request: Request, options: CallOptions) -> Response:
        """Makes one call; once more with another token if the first is refused."""
        token = self.tokens.current()
        try:
            return self._unary(rpc, request, options, token)
        except AccessError as error:
            if error.code is not grpc.StatusCode.UNAUTHENTICATED:
                raise
            renewed = self.tokens.after(token)
            if renewed == token:
                raise
            return self._unary(rpc, request, options, renewed)

    def subscribe(
        self, lease: Lease[grpc.Channel], request: pb.SubscribeRequest, metadata: Metadata
    ) -> ResponseStream[pb.SubscribeResponse]:
        """Opens a live stream."""
        start: grpc.UnaryStreamMultiCallable[pb.SubscribeRequest, pb.SubscribeResponse] = (
            lease.channel.unary_stream(
                SUBSCRIBE,
                request_serializer=pb.SubscribeRequest.SerializeToString,
                response_deserializer=pb.SubscribeResponse.FromString,
            )
        )
        return start(request, metadata=metadata)

    def export_recipient(
        self, lease: Lease[grpc.Channel], request: recipient_pb.ExportRecipientRequest, metadata: Metadata
    ) -> ResponseStream[recipient_pb.ExportRecipientResponse]:
        """Opens an export."""
        start: grpc.UnaryStreamMultiCallable[
            recipient_pb.ExportRecipientRequest, recipient_pb.ExportRecipientResponse
        ] = lease.channel.unary_stream(
            EXPORT_RECIPIENT,
            request_serializer=recipient_pb.ExportRecipientRequest.SerializeToString,
            response_deserializer=recipient_pb.ExportRecipientResponse.FromString,
        )
        return start(request, metadata=metadata)

    def send_stream(
        self,
        lease: Lease[grpc.Channel],
        requests: Iterator[pb.SendStreamRequest],
        metadata: Metadata,
    ) -> ResponseStream[pb.SendStreamResponse]:
        """Opens the bulk lane."""
        start: grpc.StreamStreamMultiCallable[pb.SendStreamRequest, pb.SendStreamResponse] = (
            lease.channel.stream_stream(
                SEND_STREAM,
                request_serializer=pb.SendStreamRequest.SerializeToString,
                response_deserializer=pb.SendStreamResponse.FromString,
            )
        )
        return start(requests, metadata=metadata)

    def release(self, lease: Lease[grpc.Channel]) -> None:
        """Ends a call."""
        channel = self.pool.release(lease)
        if channel is not None:
            channel.close()

    def close(self) -> None:
        """Ends all calls and closes all connections."""
        for channel in self.pool.close():
            channel.close()

    def _unary(
        self, rpc: Rpc[P, Request, Response], request: Request, options: CallOptions, token: str | None
    ) -> Response:
        lease = self.pool.acquire()
        try:
            call = lease.channel.unary_unary(
                rpc.path,
                request_serializer=type(request).SerializeToString,
                response_deserializer=rpc.response.FromString,
            )
            return call(request, timeout=options.timeout_seconds, metadata=options.metadata(token))
        except grpc.RpcError as error:
            raise translated(error) from error
        finally:
            self.release(lease)

    def _open_channel(self) -> grpc.Channel:
        target, options = self._options.target, self._options.channel_options
        if self._options.credentials is None:
            return grpc.insecure_channel(target, options, self._options.compression)
        return grpc.secure_channel(target, self._options.credentials, options, self._options.compression)


def translated(error: grpc.RpcError) -> CarillonError:
    """The exception for a failed call."""
    metadata = [(item.key, item.value) for item in error.trailing_metadata() or ()]
    return error_from_call(error.code(), error.details(), metadata)
