from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
import uvicorn

from carillon import AsyncClient
from carillon.testing import FakeCarillon
from carillon_gateway.application import create_application
from carillon_gateway.settings import Settings
from tests.eventually import eventually
from tests.gateway.browser import Browser

StartGateway = Callable[[Settings], AbstractAsyncContextManager[int]]


@asynccontextmanager
async def running_gateway(settings: Settings) -> AsyncIterator[int]:
    """The port of a gateway that answers."""
    config = uvicorn.Config(
        create_application(settings),
        host="127.0.0.1",
        port=0,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def service() -> AsyncIterator[FakeCarillon]:
    async with FakeCarillon() as fake:
        yield fake


@pytest.fixture
def demo(service: FakeCarillon) -> Settings:
    """The gateway as `carillon up` sets it up."""
    users = {name: service.token("user", name) for name in ("user-a", "user-b")}
    return Settings(target=service.target, demo_tokens=users, producer_token=service.token("producer"))


@pytest.fixture
async def gateway(demo: Settings) -> AsyncIterator[int]:
    """The port of a gateway with the demo."""
    async with running_gateway(demo) as port:
        yield port


@pytest.fixture
async def plain_gateway(demo: Settings) -> AsyncIterator[int]:
    """The port of a gateway as in production."""
    async with running_gateway(replace(demo, demo_tokens={})) as port:
        yield port


@pytest.fixture
async def producer(service: FakeCarillon) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(service.target, token=service.token("producer")) as client:
        yield client


@pytest.fixture
def user_a(gateway: int, service: FakeCarillon) -> Browser:
    return Browser(gateway, authorization=f"Bearer {service.token('user', 'user-a')}")
