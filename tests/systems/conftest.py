from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.systems.world import World, open_world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    request: pytest.FixtureRequest,
    shared_postgres_url: str,
    shared_redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    """One for all chapters of a story, which keep to people of their own; the module's CATALOG is applied."""
    directory: Path = tmp_path_factory.mktemp("identity")
    catalog: str = request.module.CATALOG
    async with open_world(catalog, shared_postgres_url, shared_redis_url, directory) as world:
        yield world
