"""Two addresses: both lead to the same calls, and a flood at one does not hold up who comes by the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.config import Settings
from carillon_server.domain.identity import Role
from carillon_server.embedded.ports import free_port
from carillon_server.transport.doors import OUTER_STREAMS, Doors
from tests.fuzz.attacks import wire
from tests.fuzz.attacks.target import LIST, SEND
from tests.fuzz.attacks.wire import Frame
from tests.running import SECRET_KEY, Issuer, make_settings, running_server
from tests.transport.caller import Caller

_FLOOD = 80
_MAX_STREAMS = b"\0\x03"
_PING = wire.frame(wire.PING, 0, 0, bytes(8))


class _Counting(grpc.GenericRpcHandler):
    """Answers everything, and keeps the order in which calls were begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        self.begun.append(handler_call_details.method)
        return grpc.stream_unary_rpc_method_handler(_answer)


async def _answer(_requests: object, _context: object) -> bytes:
    return b""


@asynccontextmanager
async def _open_doors(handler: _Counting) -> AsyncIterator[tuple[int, int]]:
    inner = free_port()
    settings = {
        "database_url": "postgresql://nowhere",
        "redis_url": "redis://nowhere",
        "secret_keys": SECRET_KEY,
        "grpc_address": "127.0.0.1:0",
        "grpc_inner_address": f"127.0.0.1:{inner}",
    }
    doors = Doors(Settings.model_validate(settings), handler)
    outer = doors.bind()
    await doors.start()
    try:
        yield outer, inner
    finally:
        await doors.stop(0)


async def test_both_addresses_lead_to_the_same_calls(
    postgres_url: str, redis_url: str, issuer: Issuer
) -> None:
    inner = f"127.0.0.1:{free_port()}"
    settings = make_settings(postgres_url, redis_url, issuer, grpc_inner_address=inner)
    async with running_server(settings) as outer:
        for address in (outer, inner):
            async with grpc.aio.insecure_channel(address) as channel:
                caller = Caller(channel, issuer.token("acme", "ada", [Role.USER]))
                assert (await caller.call("GetCounts", pb.GetCountsRequest())).cursor


async def test_calls_that_wait_at_one_address_do_not_hold_up_those_at_the_other() -> None:
    handler = _Counting()
    async with _open_doors(handler) as (outer, inner):
        # As long as this test does not wait, no call begins.
        with wire.connected(outer) as flood, wire.connected(inner) as caller:
            block = wire.block(wire.request_headers(SEND))
            flood.send(*(wire.headers(stream, block, end=True) for stream in range(1, 2 * _FLOOD, 2)), _PING)
            flood.read_until(_is_read)
            caller.send(wire.headers(1, wire.block(wire.request_headers(LIST)), end=True), _PING)
            caller.read_until(_is_read)
            await asyncio.to_thread(flood.read_until, _all_are_answered)
    assert len(handler.begun) == _FLOOD + 1
    assert handler.begun.index(LIST) < _FLOOD / 4


async def test_one_connection_from_outside_carries_fewer_calls() -> None:
    async with _open_doors(_Counting()) as ports:
        assert [_advertised_streams(port) for port in ports] == [OUTER_STREAMS, 1_000]


def _advertised_streams(port: int) -> int:
    with wire.connected(port) as connection:
        came = connection.read_until(lambda came: any(each.kind == wire.SETTINGS for each in came))
    body = next(each.body for each in came if each.kind == wire.SETTINGS)
    entries = {body[at : at + 2]: int.from_bytes(body[at + 2 : at + 6]) for at in range(0, len(body), 6)}
    return entries[_MAX_STREAMS]


def _is_read(came: list[Frame]) -> bool:
    """Everything that was sent before the ping."""
    return any(each.kind == wire.PING and each.flags & wire.ACK for each in came)


def _all_are_answered(came: list[Frame]) -> bool:
    return sum(each.kind == wire.DATA for each in came) == _FLOOD
