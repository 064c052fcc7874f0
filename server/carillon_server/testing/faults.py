"""How a server misbehaves on a connection, whatever protocol it speaks otherwise."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from carillon_server.testing.answers import Fault

_CHUNK_BYTES = 64 * 1024
_DRIP_SECONDS = 0.05
_FLOOD = b"x" * _CHUNK_BYTES
_GARBAGE = b"\x00\xff\x16 this is no protocol \r\n\r\n\x00"


async def commit(
    fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
) -> None:
    """Returns when nothing more is to come; the caller closes. `head`: how an answer begins."""
    await _FAULTS[fault](reader, writer, head)


async def _hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _head: bytes) -> None:
    while await reader.read(_CHUNK_BYTES):
        pass


async def _reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _head: bytes) -> None:
    # To close without lingering sends RST instead of FIN.
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def _hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _head: bytes) -> None:
    """The caller closes it."""


async def _garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(_GARBAGE)
    await writer.drain()


async def _drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
    for byte in head + _FLOOD:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(_DRIP_SECONDS)


async def _cut(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
    writer.write(head + b"the beginning")
    await writer.drain()


async def _flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
    writer.write(head)
    while True:
        writer.write(_FLOOD)
        await writer.drain()


_FAULTS: dict[Fault, Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]] = {
    Fault.HANG: _hang,
    Fault.RESET: _reset,
    Fault.HANG_UP: _hang_up,
    Fault.GARBAGE: _garbage,
    Fault.DRIP: _drip,
    Fault.CUT: _cut,
    Fault.FLOOD: _flood,
}
