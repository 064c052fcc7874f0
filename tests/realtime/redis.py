"""Redis as the tests look at it."""

from __future__ import annotations

from redis.asyncio import Redis

from tests.eventually import eventually


async def listening(redis_url: str, subscriptions: int = 1) -> None:
    """Returns when Redis has that many subscriptions. One in a black hole stays for good."""
    async with Redis.from_url(redis_url) as redis:

        async def subscribed() -> bool:
            channels = await redis.pubsub_channels()
            counts: list[tuple[bytes, int]] = await redis.pubsub_numsub(*channels)
            return sum(count for _, count in counts) == subscriptions

        await eventually(subscribed)
