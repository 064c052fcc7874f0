"""The live inbox as server-sent events: a bridge without a memory.

Each event's `id` is the cursor after it, so the promises of `Subscribe` hold for browsers unchanged: an
`EventSource` that reconnects sends the id of the last event it got, and the stream goes on right after it, on
this gateway or another. Nothing is buffered here: an event is taken from the service when the browser's
connection has room for it.

While the service cannot be reached the stream is ended rather than left open in silence, so that a page knows
where it stands; `EventSource` keeps trying. `ready` says that the stream is live.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carillon import AsyncClient, errors
from carillon_gateway.documents import as_document
from carillon_gateway.identity import client_of

if TYPE_CHECKING:
    from google.protobuf.message import Message

COMMENT_SECONDS = 15
BLOCKED_SECONDS = 30
_HEARTBEAT = timedelta(seconds=10)
_PATIENCE_SECONDS = 3.0
_RETRY_MILLISECONDS = (500, 3_000)
_AWAY = (errors.UnavailableError, errors.DeadlineExceededError, errors.LimitError)


async def stream(request: Request) -> Response:
    """Events after `Last-Event-ID`, else after `cursor`, else from a snapshot on."""
    client = client_of(request)
    cursor = request.headers.get("last-event-id") or request.query_params.get("cursor", "")
    device_id = request.query_params.get("device", "")
    return EventSourceResponse(
        _events(client, cursor, device_id) if await _is_there(client) else _away(),
        ping=COMMENT_SECONDS,
        send_timeout=BLOCKED_SECONDS,
        headers={"cache-control": "no-store"},
    )


ROUTES: list[BaseRoute] = [Route("/v1/stream", stream)]


async def _is_there(client: AsyncClient) -> bool:
    """Refuses bad credentials while a status can still be sent; an `EventSource` gives up on that alone."""
    try:
        await client.get_counts()
    except _AWAY:
        return False
    return True


async def _events(client: AsyncClient, cursor: str, device_id: str) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(event="ready", data="{}", retry=_retry_milliseconds())
    subscription = client.subscribe(
        cursor=cursor, device_id=device_id, heartbeat=_HEARTBEAT, patience_seconds=_PATIENCE_SECONDS
    )
    try:
        async with subscription:
            async for event in subscription:
                kind = event.WhichOneof("event")
                if kind is not None:
                    yield ServerSentEvent(event=kind, id=event.cursor, data=_data(getattr(event, kind)))
    except errors.CarillonError as error:
        yield ServerSentEvent(event="refused", data=json.dumps({"reason": error.reason}))


async def _away() -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(event="refused", data='{"reason":"UNAVAILABLE"}', retry=_retry_milliseconds())


def _data(part: Message) -> str:
    return json.dumps(as_document(part), ensure_ascii=False, separators=(",", ":"))


def _retry_milliseconds() -> int:
    """Spread out, so that the browsers of a restarted gateway do not come back all at once."""
    return random.randint(*_RETRY_MILLISECONDS)
