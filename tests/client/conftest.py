from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from carillon import AsyncClient
from carillon.testing import FakeCarillon
from tests.faults.proxy import FaultProxy


@pytest.fixture
async def fake() -> AsyncIterator[FakeCarillon]:
    async with FakeCarillon() as fake:
        yield fake


@pytest.fixture
async def proxy(fake: FakeCarillon) -> AsyncIterator[FaultProxy]:
    """The network between the fake and its callers."""
    async with FaultProxy(fake.target) as proxy:
        yield proxy


@pytest.fixture
async def producer(fake: FakeCarillon) -> AsyncIterator[AsyncClient]:
    """Straight to the fake, past the proxy."""
    async with AsyncClient(fake.target, token=fake.token("producer")) as client:
        yield client


@pytest.fixture
async def ada(fake: FakeCarillon, proxy: FaultProxy) -> AsyncIterator[AsyncClient]:
    """The user Ada, behind the proxy."""
    async with AsyncClient(proxy.target, token=fake.token("user", "ada")) as client:
        yield client
