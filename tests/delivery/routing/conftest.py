from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from carillon_server.storage.database import Database
from tests.delivery.routing.agency import Agency


@pytest.fixture
async def agency(postgres_url: str) -> AsyncIterator[Agency]:
    database = await Database.connect(postgres_url, max_connections=5)
    yield Agency(database)
    await database.close()
