from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.realtime.place import Place


@pytest.fixture
async def place(postgres_url: str, redis_url: str) -> AsyncIterator[Place]:
    """One server process."""
    async with Place.open(postgres_url, redis_url) as place:
        yield place
