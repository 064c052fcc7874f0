from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from carillon_server.rendering.pool import RenderPool
from tests.rendering.shared import Renderings


@pytest.fixture
async def pool() -> AsyncIterator[RenderPool]:
    """One process, so that whatever hurts it hurts everybody."""
    pool = RenderPool(1)
    yield pool
    await pool.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared_pool() -> AsyncIterator[RenderPool]:
    """The same for all tests of a module, which run in the loop of the module."""
    pool = RenderPool(1)
    yield pool
    await pool.stop()


@pytest.fixture
def renderings(shared_pool: RenderPool) -> Renderings:
    """Asks the shared pool."""
    return Renderings(shared_pool)
