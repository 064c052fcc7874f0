"""`HttpFake` over HTTP/2: many requests at once on one connection, which needs TLS.

async with Http2Fake(tls=Certificate.make(tmp_path)) as fake:
    fake.answer_with(Fault.HANG)
    ...  # the first request hangs; the others, on the same connection, are answered
    await fake.wait_for(2)
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError

from carillon_server.testing.answers import Fault, Reply, Step
from carillon_server.testing.certificate import Certificate
from carillon_server.testing.http_fake import HttpFake, ReceivedRequest

_READ_BYTES = 64 * 1024
_DRIP_SECONDS = 0.05
_FLOOD_BYTES = 16 * 1024
# Data that belongs to no stream: RFC 9113, 6.1, forbids it.
_GARBAGE = b"\x00\x00\x01\x00\x00\x00\x00\x00\x00x"
_ENDS = (Fault.RESET, Fault.HANG_UP, Fault.GARBAGE, Fault.CUT)


@dataclass(slots=True)
class _Incoming:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


class Http2Fake(HttpFake):
    """Records requests and answers by plan."""

    protocols = ("h2",)

    def __init__(self, *, tls: Certificate) -> None:
        super().__init__(tls=tls)
        self._connections: set[_Connection] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer, self.take)
        self._connections.add(connection)
        try:
            await connection.run(reader)
        except ProtocolError:
            # The client does not speak HTTP/2, or spoke on after the end.
            pass
        finally:
            self._connections.discard(connection)
            await connection.stop()

    async def go_away(self) -> None:
        """Tells all clients that no further requests are taken on their connections (RFC 9113, 6.8)."""
        for connection in list(self._connections):
            await connection.go_away()


class _Connection:
    """One client."""

    def __init__(
        self, writer: asyncio.StreamWriter, take: Callable[[ReceivedRequest], Awaitable[Step]]
    ) -> None:
        self._writer = writer
        self._take = take
        self._state = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self._incoming: dict[int, _Incoming] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Until the client hangs up, or a fault ends it."""
        self._state.initiate_connection()
        await self._flush()
        while data := await reader.read(_READ_BYTES):
            if not await self._handle(self._state.receive_data(data)):
                return
            await self._flush()

    async def go_away(self) -> None:
        self._state.close_connection(last_stream_id=self._state.highest_inbound_stream_id)
        await self._flush()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _handle(self, events: Iterable[object]) -> bool:
        """False: the connection is over."""
        for event in events:
            match event:
                case RequestReceived(stream_id=int(stream_id), headers=list(headers)):
                    self._incoming[stream_id] = _Incoming(
                        {bytes(name).decode(): bytes(value).decode() for name, value in headers}
                    )
                case DataReceived(stream_id=int(stream_id), data=bytes(data)):
                    self._incoming[stream_id].body += data
                    self._state.acknowledge_received_data(event.flow_controlled_length or 0, stream_id)
                case StreamEnded(stream_id=int(stream_id)):
                    if not await self._answer(stream_id, self._incoming.pop(stream_id)):
                        return False
                case ConnectionTerminated():
                    return False
                case _:
                    pass
        return True

    async def _answer(self, stream_id: int, incoming: _Incoming) -> bool:
        headers = {name: value for name, value in incoming.headers.items() if not name.startswith(":")}
        method, path = incoming.headers[":method"], incoming.headers[":path"]
        step = await self._take(ReceivedRequest(method, path, headers, bytes(incoming.body)))
        if isinstance(step, Reply):
            self._reply(stream_id, step)
        elif step in _ENDS:
            await self._end(stream_id, step)
            return False
        elif step is not Fault.HANG:
            part, pause = (b"x", _DRIP_SECONDS) if step is Fault.DRIP else (b"x" * _FLOOD_BYTES, 0.0)
            self._tasks.add(asyncio.create_task(self._pour(stream_id, part, pause)))
        return True

    def _reply(self, stream_id: int, reply: Reply) -> None:
        fields = [(":status", str(reply.status)), *reply.headers.items()]
        self._state.send_headers(stream_id, fields, end_stream=not reply.body)
        if reply.body:
            self._state.send_data(stream_id, reply.body, end_stream=True)

    async def _end(self, stream_id: int, fault: Fault) -> None:
        if fault is Fault.RESET:
            raw = self._writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault is Fault.CUT:
            self._state.send_headers(stream_id, [(":status", "200")])
            self._state.send_data(stream_id, b"the beginning")
            await self._flush()
        elif fault is Fault.GARBAGE:
            self._writer.write(_GARBAGE)
            await self._writer.drain()

    async def _pour(self, stream_id: int, part: bytes, pause_seconds: float) -> None:
        """A body without end."""
        self._state.send_headers(stream_id, [(":status", "200")])
        while not self._writer.is_closing():
            room = self._state.local_flow_control_window(stream_id)
            if room:
                self._state.send_data(stream_id, part[:room])
                await self._flush()
            await asyncio.sleep(pause_seconds)

    async def _flush(self) -> None:
        self._writer.write(self._state.data_to_send())
        await self._writer.drain()
