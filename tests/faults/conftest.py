from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.delivery.relay import Relay
from tests.faults.installation import Installation

_tenants = itertools.count(1)


@asynccontextmanager
async def _running(directory: Path) -> AsyncIterator[tuple[Installation, Relay]]:
    async with AsyncExitStack() as stack:
        relay = Relay()
        await relay.start()
        stack.push_async_callback(relay.stop)
        yield await stack.enter_async_context(Installation(directory, smtp_url=relay.url)), relay


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    """Two servers, a worker, Postgres and Valkey, to be harmed."""
    async with _running(tmp_path) as (installation, _):
        yield installation


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    """The same without a worker, for drills of streams."""
    async with Installation(tmp_path, workers=0) as installation:
        yield installation


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Installation, Relay]]:
    async with _running(tmp_path_factory.mktemp("drills")) as running:
        yield running


@pytest.fixture
def shared_installation(_ground: tuple[Installation, Relay]) -> Installation:
    """One for the drills of a module, which cost less than its start. Each has a tenant of its own."""
    installation, relay = _ground
    installation.tenant = f"drill-{next(_tenants)}"
    relay.mails.clear()
    return installation


@pytest.fixture
def shared_relay(_ground: tuple[Installation, Relay]) -> Relay:
    """Where its mails go."""
    return _ground[1]
