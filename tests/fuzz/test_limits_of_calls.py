"""The limits that gRPC keeps for us: what is within them is answered, what is beyond is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from carillon_server.config import Settings
from carillon_server.transport.options import MAX_METADATA_BYTES, channel_options
from tests.fuzz.attacks import wire
from tests.fuzz.attacks.target import LIST
from tests.fuzz.attacks.wire import Frame
from tests.running import SECRET_KEY

_BLOCK = wire.block(wire.request_headers(LIST))
_MAX_STREAMS = 100
_MAX_PENDING = 200
_OFTEN = 30
_PING = wire.frame(wire.PING, 0, 0, bytes(8))
_REFUSED_STREAM = (7).to_bytes(4)


async def _answer(_requests: object, _context: object) -> bytes:
    return b""


class _Answering(grpc.GenericRpcHandler):
    """Answers whatever is called."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        return grpc.stream_unary_rpc_method_handler(_answer)


@asynccontextmanager
async def _listening(**changes: object) -> AsyncIterator[int]:
    """A server with our options in this process: as long as a test does not wait, it begins no call."""
    required = {
        "database_url": "postgresql://nowhere",
        "redis_url": "redis://nowhere",
        "secret_keys": SECRET_KEY,
    }
    server = grpc.aio.server(options=channel_options(Settings.model_validate(required | changes)))
    server.add_generic_rpc_handlers((_Answering(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


def _calls(number: int) -> bytes:
    return b"".join(wire.headers(stream, _BLOCK, end=True) for stream in range(1, 2 * number, 2))


def _ended(came: list[Frame]) -> int:
    """How many calls the server has ended, in whatever way."""
    ends = {each.stream for each in came if each.kind == wire.RST_STREAM or _is_trailer(each)}
    return len(ends)


def _is_trailer(frame: Frame) -> bool:
    return frame.kind == wire.HEADERS and bool(frame.flags & wire.END_STREAM)


def _answered(came: list[Frame]) -> int:
    return sum(each.kind == wire.DATA for each in came)


def _is_read(came: list[Frame]) -> bool:
    """Everything that was sent before the ping."""
    return any(each.kind == wire.PING and each.flags & wire.ACK for each in came)


async def test_calls_beyond_those_that_may_wait_are_cancelled_and_the_others_answered() -> None:
    async with _listening(max_pending_calls=_MAX_PENDING) as port:
        with wire.connected(port) as early, wire.connected(port) as late:
            early.send(_calls(_MAX_PENDING), _PING)
            early.read_until(_is_read)
            late.send(_calls(_MAX_PENDING))
            # One of all was begun, the others wait.
            late.read_until(lambda came: _ended(came) == _MAX_PENDING - 1)
            await asyncio.to_thread(early.read_until, lambda came: _answered(came) == _MAX_PENDING)
            await asyncio.to_thread(late.read_until, lambda came: _answered(came) == 1)


async def test_streams_beyond_those_of_one_connection_are_refused() -> None:
    async with _listening(max_concurrent_streams=_MAX_STREAMS) as port:
        with wire.connected(port) as connection:
            connection.read_until(lambda came: any(each.kind == wire.SETTINGS for each in came))
            connection.send(_calls(_MAX_STREAMS + 20))
            refused = connection.read_until(lambda came: _ended(came) == 20)
        assert {each.body for each in refused if each.kind == wire.RST_STREAM} == {_REFUSED_STREAM}


@pytest.mark.parametrize(
    ("size", "code"),
    [
        (MAX_METADATA_BYTES - 1_000, grpc.StatusCode.OK),
        (MAX_METADATA_BYTES + 1_000, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
    ids=["within", "beyond"],
)
async def test_metadata_has_one_limit(size: int, code: grpc.StatusCode) -> None:
    """By default there are two, between which calls are refused at random."""
    async with _listening() as port, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(LIST)
        calls = [call(b"", metadata=(("x-large", "x" * size),)) for _ in range(_OFTEN)]
        # Together: gRPC takes its time to refuse one.
        assert set(await asyncio.gather(*(each.code() for each in calls))) == {code}
