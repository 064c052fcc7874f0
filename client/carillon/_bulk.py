"""What goes up the bulk lane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable

from carillon._rpcs import sends
from carillon.types import SendLike
from carillon.v1.notification_service_pb2 import SendStreamRequest


async def outgoing_requests(
    requests: Iterable[SendLike] | AsyncIterable[SendLike], accepted: asyncio.Event
) -> AsyncIterator[SendStreamRequest]:
    """Waits for the first result before the second request: a refusal that meets a write would get lost."""
    async for item in _each(requests):
        yield SendStreamRequest(request=sends.send_request(item))
        await accepted.wait()


async def _each(requests: Iterable[SendLike] | AsyncIterable[SendLike]) -> AsyncIterator[SendLike]:
    if isinstance(requests, AsyncIterable):
        async for item in requests:
            yield item
        return
    for item in requests:
        yield item
