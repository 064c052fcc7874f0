"""A browser, as far as the gateway can tell: HTTP/1.1 and server-sent events over a plain socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass
class Event:
    """One server-sent event, or a comment where it has no name."""

    name: str = ""
    id: str = ""
    data: str = ""
    comments: list[str] = field(default_factory=list)
    retry: int | None = None

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.data)
        return document


class Browser:
    """Asks one gateway, always with the same headers."""

    def __init__(self, port: int, **headers: str) -> None:
        self._port = port
        self.headers = {"host": f"127.0.0.1:{port}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }

    def wearing(self, **headers: str) -> Browser:
        """The same one with more headers."""
        added = {name.replace("_", "-"): value for name, value in headers.items()}
        return Browser(self._port, **{**self.headers, **added})

    async def get(self, path: str) -> Answer:
        return await self._ask("GET", path, b"")

    async def post(self, path: str, body: object = None) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self._ask("POST", path, raw)

    @asynccontextmanager
    async def stream(self, path: str = "/v1/stream") -> AsyncIterator[AsyncIterator[Event]]:
        """The events of a stream; leaving the context cuts the connection."""
        async with self._connection("GET", path, b"") as reader:
            status, headers = await _read_head(reader)
            assert (status, headers["transfer-encoding"]) == (200, "chunked")
            yield _events(_lines(reader))

    async def _ask(self, method: str, path: str, body: bytes) -> Answer:
        async with self._connection(method, path, body) as reader:
            status, headers = await _read_head(reader)
            return Answer(status, headers, await reader.readexactly(int(headers.get("content-length", "0"))))

    @asynccontextmanager
    async def _connection(self, method: str, path: str, body: bytes) -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        headers = {**self.headers, "content-length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        try:
            yield reader
        finally:
            writer.transport.abort()


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, value in pairs}


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    text = ""
    while length := int(await reader.readuntil(b"\r\n"), 16):
        text += (await reader.readexactly(length)).decode()
        await reader.readexactly(2)
        *lines, text = text.replace("\r\n", "\n").split("\n")
        for line in lines:
            yield line


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    event = Event()
    async for line in lines:
        if not line:
            yield event
            event = Event()
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "":
                event.comments.append(value)
            case "event":
                event.name = value
            case "id":
                event.id = value
            case "data":
                event.data += value
            case "retry":
                event.retry = int(value)
