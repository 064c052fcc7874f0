"""Reading an export to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import grpc

from carillon._async_connection import AsyncConnection
from carillon._async_connection import translated as translated_async
from carillon._connection import Connection, translated
from carillon._options import CallOptions
from carillon.v1.recipient_service_pb2 import ExportRecipientRequest, ExportRecipientResponse


async def export_awaited(
    connection: AsyncConnection, options: CallOptions, request: ExportRecipientRequest
) -> AsyncIterator[ExportRecipientResponse]:
    """Every piece; the call ends with the iteration."""
    token = await connection.tokens.current()
    lease = connection.pool.acquire()
    call = connection.export_recipient(lease, request, options.metadata(token))
    try:
        async for piece in call:
            yield piece
    except grpc.aio.AioRpcError as error:
        raise translated_async(error) from error
    finally:
        call.cancel()
        await connection.release(lease)


def export(
    connection: Connection, options: CallOptions, request: ExportRecipientRequest
) -> Iterator[ExportRecipientResponse]:
    """Every piece; the call ends with the iteration."""
    token = connection.tokens.current()
    lease = connection.pool.acquire()
    call = connection.export_recipient(lease, request, options.metadata(token))
    try:
        yield from call
    except grpc.RpcError as error:
        raise translated(error) from error
    finally:
        call.cancel()
        connection.release(lease)
