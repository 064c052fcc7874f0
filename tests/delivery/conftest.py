from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.delivery.house import House
from tests.delivery.relay import Relay


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    """A relay that takes everything until it is told otherwise."""
    relay = Relay()
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
async def house(postgres_url: str, redis_url: str, relay: Relay) -> AsyncIterator[House]:
    """An installation that mails over the relay."""
    async with House.open(postgres_url, redis_url, smtp_url=relay.url) as house:
        yield house
