"""An HTTP/1.1 server that does as it is told.

    async with HttpFake() as fake:
        fake.answer_with(Reply(503, {"retry-after": "7"}), Fault.RESET)
        ...  # the first request gets the 503, the second a reset, all others the default (200)
        await fake.wait_for(2)
        assert fake.requests[0].json()["type"] == "invoice.paid"

A fake of a vendor overrides `respond`: it answers as the vendor does while no step is planned.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import h11

from carillon_server.testing.answers import Fault, Reply, Step
from carillon_server.testing.certificate import Certificate
from carillon_server.testing.faults import commit
from carillon_server.testing.loopback import LoopbackServer

_READ_BYTES = 64 * 1024
_CERTAIN_SECONDS = 5.0
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1000000000000\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request, as it came."""

    method: str
    path: str
    """With the query."""
    headers: Mapping[str, str] = field(repr=False)
    """By names in small letters."""
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class HttpFake(LoopbackServer):
    """Records requests and answers by plan."""

    def __init__(
        self,
        default: Step | None = None,
        *,
        tls: Certificate | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """`default` is done while no step is planned."""
        super().__init__(tls=tls, host=host, port=port)
        self.requests: list[ReceivedRequest] = []
        self._default: Step = Reply() if default is None else default
        self._planned: deque[Step] = deque()

    def answer_with(self, *steps: Step) -> None:
        """Plans one step for each of the next requests."""
        self._planned.extend(steps)

    def respond(self, request: ReceivedRequest) -> Step:
        """What happens while no step is planned."""
        return self._default

    async def wait_for(self, count: int, within_seconds: float = _CERTAIN_SECONDS) -> list[ReceivedRequest]:
        """The requests, as soon as there are so many; raises TimeoutError."""
        await self._wait_until(lambda: len(self.requests) >= count, within_seconds)
        return self.requests

    async def take(self, request: ReceivedRequest) -> Step:
        """Records a request and chooses the step; for servers of other versions of HTTP."""
        self.requests.append(request)
        await self._tell()
        return self._planned.popleft() if self._planned else self.respond(request)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        while (request := await _read(connection, reader)) is not None:
            step = await self.take(request)
            if isinstance(step, Fault):
                await commit(step, reader, writer, _HEAD)
                return
            writer.write(_write(connection, step))
            await writer.drain()
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> ReceivedRequest | None:
    """The next request; None when the client hung up, or does not speak HTTP."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return None
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
            return ReceivedRequest(head.method.decode(), head.target.decode(), headers, bytes(body))
        else:
            return None


def _write(connection: h11.Connection, reply: Reply) -> bytes:
    headers = {"content-length": str(len(reply.body)), **reply.headers}
    if reply.status == 204:
        del headers["content-length"]
    parts = (
        h11.Response(status_code=reply.status, headers=list(headers.items())),
        h11.Data(data=reply.body),
        h11.EndOfMessage(),
    )
    return b"".join(connection.send(part) or b"" for part in parts)
