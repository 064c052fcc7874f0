"""A server that leaves a shared port takes no new connection, while its streams are sent to the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from carillon import AsyncClient
from carillon_server import app
from carillon_server.config import Settings
from carillon_server.embedded.ports import free_port
from carillon_server.stopping import Stopping
from tests.processes.serving import Screen
from tests.running import Issuer, make_settings

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def health(address: str) -> int:
    """What whoever takes a new connection says."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        return (await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())).status


@asynccontextmanager
async def streams(address: str, token: str, count: int) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(AsyncClient(address, token=token, insecure=True))
        for _ in range(count):
            await stack.enter_async_context(Screen.open(client))
        yield


@pytest.fixture
def settings(tmp_path: Path, postgres_url: str, redis_url: str) -> Settings:
    return make_settings(
        postgres_url,
        redis_url,
        Issuer(tmp_path / "identity"),
        grpc_address=f"127.0.0.1:{free_port()}",
        grpc_share_port=True,
        drain_seconds=10,
    )


async def test_while_it_leaves_new_connections_are_those_of_the_others(
    settings: Settings, tmp_path: Path
) -> None:
    address, token = settings.grpc_address, Issuer(tmp_path / "identity").token("acme", "ann", ["inbox"])
    stopping = Stopping()
    async with AsyncExitStack() as stack:
        leaving = await stack.enter_async_context(AsyncExitStack())
        await leaving.enter_async_context(app.running_server(settings, stopping))
        # They keep it draining for two seconds.
        await stack.enter_async_context(streams(address, token, 40))
        old = await stack.enter_async_context(grpc.aio.insecure_channel(address))
        watch = health_pb2_grpc.HealthStub(old).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == _SERVING
        await stack.enter_async_context(app.running_server(settings))
        stopping.others_take_over = True
        gone = asyncio.create_task(leaving.aclose())
        assert (await watch.read()).status == _NOT_SERVING
        assert {await health(address) for _ in range(20)} == {_SERVING}
        assert not gone.done()
        await gone
