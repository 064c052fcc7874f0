from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.delivery.relay import Relay
from tests.faults.installation import Installation


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    """Where the mails of the installation go."""
    relay = Relay()
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
async def installation(tmp_path: Path, relay: Relay) -> AsyncIterator[Installation]:
    """Two servers, a worker, Postgres and Valkey, to be harmed."""
    async with Installation(tmp_path, smtp_url=relay.url) as installation:
        yield installation
