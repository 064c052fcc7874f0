"""The client for asyncio."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Self

import grpc

from carillon._async_calls import AsyncCalls
from carillon._async_connection import AsyncConnection, translated_write
from carillon._async_subscription import AsyncSubscription
from carillon._bulk import outgoing_requests
from carillon._exports import export_awaited
from carillon._options import CallOptions, connection_options
from carillon._resume import Resumption
from carillon._rpcs import recipients
from carillon._rpcs.subscribe import subscribe_request
from carillon._token import AsyncToken
from carillon.types import FilterLike, SendLike
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1.recipient_service_pb2 import ExportRecipientResponse


class AsyncClient(AsyncCalls):
    """Calls a Carillon service. Every call of the API is a method with keyword arguments that returns the
    answer's message.

    Use it as an async context manager, or call `close`. One client serves any number of tasks of one event
    loop; it connects with the first call. Calls that fail for the moment are repeated until their deadline;
    what remains raises a `CarillonError`.

    * `target`: a gRPC target, such as `carillon.internal:443`.
    * `token`: the bearer token, or a function, async or not, that returns one. A function is asked once, and
      again when the service refuses what it gave.
    * `credentials`: gRPC's own call credentials, instead of a token.
    * `tls`: True, or gRPC's channel credentials for authorities or client certificates of your own. Left
      out: TLS, except to this machine.
    * `insecure`: send everything, the token too, in the clear.
    * `timeout_seconds`: how long a call may take, its repetitions included.
    * `wait_for_ready`: wait for a service that cannot be reached, up to the deadline, instead of raising
      `UnavailableError`.
    * `compression`: of what is sent, such as `grpc.Compression.Gzip`.
    * `streams_per_connection`: calls at once on one connection; for more, another is opened.
    """

    def __init__(
        self,
        target: str,
        *,
        token: AsyncToken | None = None,
        credentials: grpc.CallCredentials | None = None,
        tls: grpc.ChannelCredentials | bool | None = None,
        insecure: bool = False,
        timeout_seconds: float = 10.0,
        wait_for_ready: bool = False,
        compression: grpc.Compression | None = None,
        streams_per_connection: int = 100,
    ) -> None:
        options = connection_options(
            target,
            has_token=token is not None,
            credentials=credentials,
            tls=tls,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
        )
        self._connection = AsyncConnection(options, token, streams_per_connection)
        self._options = CallOptions(timeout_seconds=timeout_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends all calls and closes all connections."""
        await self._connection.close()

    def with_options(
        self,
        *,
        token: AsyncToken | None = None,
        timeout_seconds: float | None = None,
        x_request_id: str | None = None,
    ) -> Self:
        """The same client, on the same connections, calling with other options.

        `token` lets a gateway call for many people over the same connections, each with their own.
        `x_request_id` goes with each call, so that the service's logs can be matched with yours.
        """
        client = copy.copy(self)
        client._options = self._options.changed(timeout_seconds, x_request_id)  # noqa: SLF001 - of this class
        if token is not None:
            client._connection = self._connection.with_token(token)  # noqa: SLF001 - of this class
        return client

    async def send_stream(
        self, *, requests: Iterable[SendLike] | AsyncIterable[SendLike]
    ) -> AsyncIterator[pb.SendStreamResponse]:
        """The bulk lane: takes any number of sends and yields one result for each, in the same order.

        Requests are taken as fast as the service can follow. Nothing is repeated by itself: after a
        failure, send what has no result yet again, under the same `request_id`s.
        """
        token = await self._connection.tokens.current()
        lease = self._connection.pool.acquire()
        accepted = asyncio.Event()
        outgoing = outgoing_requests(requests, accepted)
        call = self._connection.send_stream(lease, outgoing, self._options.metadata(token))
        try:
            async for result in call:
                accepted.set()
                yield result
        except grpc.aio.AioRpcError as error:
            raise translated_write(error) from error
        finally:
            call.cancel()
            await self._connection.release(lease)

    def export_recipient(self, *, recipient_id: str) -> AsyncIterator[ExportRecipientResponse]:
        """Everything held of a recipient, piece by piece: profile, endpoints, preferences, notifications,
        deliveries and so on. Operators only.

        Nothing is repeated by itself: what came before an exception is not all.
        """
        return export_awaited(self._connection, self._options, recipients.export_request(recipient_id))

    def subscribe(
        self,
        *,
        recipient_id: str = "",
        cursor: str = "",
        filter: FilterLike | None = None,
        heartbeat: timedelta | None = None,
        device_id: str = "",
        snapshot_size: int = 0,
        patience_seconds: float | None = None,
    ) -> AsyncSubscription:
        """The live inbox, as an async context manager to iterate over.

        With an empty `cursor` the first event is a snapshot; with that of an earlier subscription,
        everything after it follows. Lost connections are resumed without gaps or repetitions, for as long
        as it takes, or until nothing was heard for `patience_seconds`. After a `reset`, drop all that you
        hold: a snapshot follows.
        """
        request = subscribe_request(
            recipient_id=recipient_id,
            cursor=cursor,
            filter=filter,
            heartbeat=heartbeat,
            device_id=device_id,
            snapshot_size=snapshot_size,
        )
        return AsyncSubscription(self._connection, self._options, Resumption(request, patience_seconds))
