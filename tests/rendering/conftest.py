from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from carillon_server.rendering.pool import RenderPool


@pytest.fixture
async def pool() -> AsyncIterator[RenderPool]:
    """One process, so that whatever hurts it hurts everybody."""
    pool = RenderPool(1)
    yield pool
    await pool.stop()
