"""A connection of the HTTP client holds little, waits no longer than it may, and knows when it was closed."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvloop
from httpcore2 import ConnectError, ReadTimeout, WriteError, WriteTimeout

from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.http.http import HttpClient, HttpLimits
from carillon_server.delivery.providers.http.http_answer import HttpAnswer, HttpFailure
from carillon_server.delivery.providers.http.http_backend import CheckedBackend
from carillon_server.delivery.providers.http.http_stream import Stream
from carillon_server.testing import Certificate, Fault, HttpFake, Reply
from carillon_server.testing.loopback import LoopbackServer
from tests.eventually import eventually

LOCAL = Egress(["127.0.0.0/8"])
MEGABYTE = bytes(1024 * 1024)


class Deaf(LoopbackServer):
    """Never reads."""

    async def serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()


class Flood(LoopbackServer):
    """Says as much as it is let."""

    said = 0

    async def serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(64):
            writer.write(MEGABYTE)
            await writer.drain()
            self.said += len(MEGABYTE)
        writer.close()
        await writer.wait_closed()


class Greeter(LoopbackServer):
    """Speaks first, in the clear, and under TLS then."""

    def __init__(self, certificate: Certificate) -> None:
        super().__init__()
        self._context = certificate.server_context(("http/1.1",))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            await writer.start_tls(self._context)
            await reader.read(1)


class Leaver(LoopbackServer):
    """Hangs up when it is told anything."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()


@asynccontextmanager
async def connected(server: LoopbackServer) -> AsyncIterator[Stream]:
    stream = await CheckedBackend(LOCAL).connect_tcp("127.0.0.1", server.port, 2.0)
    assert isinstance(stream, Stream)
    try:
        yield stream
    finally:
        await stream.aclose()


async def test_what_nobody_reads_stays_with_the_sender() -> None:
    async with Flood() as flood, connected(flood) as stream:
        first = await stream.read(1024, 2.0)
        said = -1

        async def stands_still() -> bool:
            nonlocal said
            before, said = said, flood.said
            return before == said

        await eventually(stands_still)
        assert flood.said < 32 * len(MEGABYTE)
        rest = len(first)
        while part := await stream.read(1024 * 1024, 2.0):
            rest += len(part)
            assert len(part) < 1024 * 1024
        assert rest == 64 * len(MEGABYTE)


async def _fill(stream: Stream) -> None:
    for _ in range(64):
        await stream.write(MEGABYTE, 0.05)


async def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    async with Deaf() as deaf, connected(deaf) as stream:
        started = time.monotonic()
        with pytest.raises(ReadTimeout):
            await stream.read(1024, 0.05)
        assert time.monotonic() - started < 1


async def test_who_takes_nothing_is_not_waited_for() -> None:
    async with Deaf() as deaf, connected(deaf) as stream:
        started = time.monotonic()
        with pytest.raises(WriteTimeout):
            await _fill(stream)
        assert time.monotonic() - started < 2
        await stream.aclose()
        with pytest.raises(WriteError):
            await stream.write(b"more")


async def test_what_is_said_before_tls_is_not_taken_for_its_content(tmp_path: Path) -> None:
    certificate = Certificate.make(tmp_path, ["hooks.example.com"])
    trusting = ssl.create_default_context(cafile=certificate.certificate_file)
    async with Greeter(certificate) as greeter, connected(greeter) as stream:
        assert await stream.read(1, 2.0) == b"H"
        with pytest.raises(ConnectError):
            await stream.start_tls(trusting, "hooks.example.com", 2.0)
        await greeter.wait_for_connections(0)


async def test_a_closed_connection_is_known_before_the_loop_looks() -> None:
    """Between two turns of the loop: a request must not leave into a connection that is gone."""
    async with Leaver() as leaver, connected(leaver) as stream:
        assert not stream.get_extra_info("is_readable")
        await stream.write(b"go")
        await leaver.wait_for_connections(0)
        assert stream.get_extra_info("is_readable")


async def test_connections_are_used_again_and_never_too_many() -> None:
    limits = HttpLimits(max_connections=3, total_seconds=5.0)
    async with HttpFake() as fake, HttpFake() as other:
        client = HttpClient(LOCAL, limits)
        for _ in range(3):
            posts = [client.post(f"{fake.url}/{n}", b"{}", {}) for n in range(20)]
            assert all(isinstance(each, HttpAnswer) for each in await asyncio.gather(*posts))
        assert fake.connections_made == 3
        # A fourth place: one of the idle ones makes room.
        assert isinstance(await client.post(other.url, b"{}", {}), HttpAnswer)
        await fake.wait_for_connections(2)
        await client.close()
        await fake.wait_for_connections(0)
        await other.wait_for_connections(0)


async def test_a_place_that_was_given_up_is_free_again() -> None:
    """By a time-out, by a cancellation, by trouble: else the client would stand still in the end."""
    client = HttpClient(LOCAL, HttpLimits(max_connections=1, total_seconds=0.3))
    async with HttpFake() as fake:
        fake.answer_with(Fault.HANG, Fault.RESET, Fault.GARBAGE, Fault.HANG, Reply(204))
        for _ in range(3):
            assert isinstance(await client.post(fake.url, b"", {}), HttpFailure)
        task = asyncio.create_task(client.post(fake.url, b"", {}))
        await fake.wait_for_connections(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await fake.wait_for_connections(0)
        fake.answer_with(Reply(204))
        assert isinstance(await client.post(fake.url, b"", {}), HttpAnswer)
        await client.close()


async def test_a_connection_that_idled_too_long_is_not_used() -> None:
    client = HttpClient(LOCAL, HttpLimits(idle_seconds=0.0))
    async with HttpFake() as fake:
        for _ in range(2):
            assert isinstance(await client.post(fake.url, b"", {}), HttpAnswer)
        assert fake.connections_made == 2
        await client.close()


async def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    client = HttpClient(LOCAL)
    async with HttpFake() as fake:
        assert isinstance(await client.post(fake.url, b"", {}), HttpAnswer)
        url, port = fake.url, fake.port
    async with HttpFake(port=port):
        assert isinstance(await client.post(url, b"", {}), HttpAnswer)
    await client.close()


async def test_an_address_is_asked_of_nobody() -> None:
    async def nobody(_host: str, _port: int) -> list[str]:
        raise AssertionError("an address needs no name server")

    egress = Egress(["127.0.0.0/8"], nobody)
    assert await egress.resolve("127.0.0.1", 443) == ["127.0.0.1"]
    assert await egress.resolve("2606:4700::1111", 443) == ["2606:4700::1111"]


@pytest.mark.parametrize(
    "test",
    [
        test_what_nobody_reads_stays_with_the_sender,
        test_an_answer_that_does_not_come_is_not_waited_for,
        test_who_takes_nothing_is_not_waited_for,
        test_a_closed_connection_is_known_before_the_loop_looks,
        test_a_connection_that_was_closed_while_idle_is_not_used,
        test_connections_are_used_again_and_never_too_many,
        test_a_place_that_was_given_up_is_free_again,
    ],
)
def test_it_is_the_same_on_the_loop_of_production(test: Callable[[], Awaitable[None]]) -> None:
    async def awaited() -> None:
        await test()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(awaited())
