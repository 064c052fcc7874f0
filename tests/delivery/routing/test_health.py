"""What each worker sees of providers reaches operators, together, and is forgotten with the worker."""

from __future__ import annotations

from carillon_server.delivery.routing.health import HealthPublisher
from carillon_server.domain.breaker import BreakerState
from carillon_server.domain.outcome import Retry
from carillon_server.domain.provider_health import ProviderHealth, merge_health
from carillon_server.storage.provider_health import fetch_health
from tests.delivery.routing.agency import Agency, deliver


async def written(agency: Agency) -> dict[str, str]:
    rows = await agency.database.fetch("SELECT name, worker, update_time::text FROM provider_health")
    return {f"{row['name']} by {row['worker']}": row["update_time"] for row in rows}


async def test_what_workers_see_is_put_together(agency: Agency) -> None:
    await agency.put("acme", "main", "far")
    async with agency.open() as one, agency.open() as other:
        await deliver(one, "acme")
        agency.side("far").usual = Retry("http_503", "")
        for _ in range(6):
            await deliver(other, "acme")
        for name, directory in (("w1", one), ("w2", other)):
            await HealthPublisher(agency.database, directory.health, name, agency.ticks).publish()
        (parts,) = (await fetch_health(agency.database, "acme", timeout=5)).values()
        health = merge_health(parts)
        assert (health.workers, health.sent, health.failed) == (2, 1, 5)
        assert (health.breaker, health.last_error_class) == (BreakerState.OPEN, "http_503")
        assert await fetch_health(agency.database, "globex", timeout=5) == {}


async def test_only_news_is_written_and_the_rest_now_and_then(agency: Agency) -> None:
    seen = [ProviderHealth("acme", "main"), ProviderHealth("acme", "spare")]
    publisher = HealthPublisher(agency.database, lambda: seen, "w1", agency.ticks)
    await publisher.publish()
    first = await written(agency)
    await publisher.publish()
    assert await written(agency) == first
    seen[0] = ProviderHealth("acme", "main", sent=1)
    await publisher.publish()
    second = await written(agency)
    assert second["main by w1"] > first["main by w1"]
    assert second["spare by w1"] == first["spare by w1"]
    agency.ticks.now += 21
    await publisher.publish()
    assert (await written(agency))["spare by w1"] > first["spare by w1"]


async def test_a_worker_that_is_gone_is_not_believed(agency: Agency) -> None:
    dead = HealthPublisher(agency.database, lambda: [ProviderHealth("acme", "main")], "dead", agency.ticks)
    live = HealthPublisher(agency.database, lambda: [ProviderHealth("acme", "main")], "live", agency.ticks)
    await dead.publish()
    await agency.database.fetch("UPDATE provider_health SET update_time = now() - interval '2 minutes'")
    assert await fetch_health(agency.database, "acme", timeout=5) == {}
    await live.publish()
    assert list(await written(agency)) == ["main by live"]
    await live.withdraw()
    assert await written(agency) == {}
