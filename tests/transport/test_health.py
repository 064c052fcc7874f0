"""Health is told as a whole, by service and by component, from memory."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from carillon_server.transport.health import HealthMonitor
from tests.eventually import eventually
from tests.transport.conftest import House

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
SERVICES = [
    "carillon.v1.CatalogService",
    "carillon.v1.DeliveryService",
    "carillon.v1.NotificationService",
    "carillon.v1.PreferenceService",
    "carillon.v1.RecipientService",
]


class Component:
    """Something that may or may not answer."""

    def __init__(self) -> None:
        self.works = True
        self.hangs = False

    async def __call__(self) -> bool:
        if self.hangs:
            await asyncio.Event().wait()
        if not self.works:
            raise ConnectionRefusedError
        return True


async def test_everything_needed_serves_and_the_missing_worker_is_told(house: House) -> None:
    stub = health_pb2_grpc.HealthStub(house.channel)
    for name in ("", *SERVICES, "postgres", "redis"):
        assert (await stub.Check(health_pb2.HealthCheckRequest(service=name))).status == SERVING, name
    assert (await stub.Check(health_pb2.HealthCheckRequest(service="worker"))).status == NOT_SERVING
    listed = (await stub.List(health_pb2.HealthListRequest())).statuses
    assert set(listed) == {"", *SERVICES, "postgres", "redis", "worker"}


async def test_a_name_that_there_is_not_is_not_found(house: House) -> None:
    stub = health_pb2_grpc.HealthStub(house.channel)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.Check(health_pb2.HealthCheckRequest(service="nonsense"))
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(health_pb2.HealthCheckRequest(service="nonsense"))
    assert (await watch.read()).status == UNKNOWN
    watch.cancel()


async def test_a_watch_needs_no_credentials_either(house: House) -> None:
    watch = health_pb2_grpc.HealthStub(house.channel).Watch(health_pb2.HealthCheckRequest())
    assert (await watch.read()).status == SERVING
    watch.cancel()


async def _monitor(**components: Component) -> HealthMonitor:
    monitor = HealthMonitor(components, essential=["postgres"], services=SERVICES, interval_seconds=0.05)
    await monitor.start()
    return monitor


async def test_the_whole_depends_on_what_is_essential_alone() -> None:
    postgres, redis = Component(), Component()
    monitor = await _monitor(postgres=postgres, redis=redis)
    redis.works = False

    async def redis_is_away() -> bool:
        return monitor.statuses["redis"] == NOT_SERVING

    await eventually(redis_is_away)
    assert monitor.statuses[""] == monitor.statuses[SERVICES[0]] == SERVING
    postgres.works = False

    async def nothing_serves() -> bool:
        return monitor.statuses[""] == monitor.statuses[SERVICES[0]] == NOT_SERVING

    await eventually(nothing_serves)
    await monitor.stop()


async def test_a_component_that_hangs_does_not_serve() -> None:
    postgres = Component()
    monitor = await _monitor(postgres=postgres)
    postgres.hangs = True

    async def away() -> bool:
        return monitor.statuses["postgres"] == NOT_SERVING

    await eventually(away)
    await monitor.stop()


async def test_watchers_are_told_of_changes_and_of_the_end() -> None:
    postgres = Component()
    monitor = await _monitor(postgres=postgres)
    changes = monitor.changes("")
    assert await anext(changes) == SERVING
    postgres.works = False
    assert await anext(changes) == NOT_SERVING
    postgres.works = True
    assert await anext(changes) == SERVING
    monitor.drain()
    assert [status async for status in changes] == [NOT_SERVING]
    await monitor.stop()


async def test_draining_cannot_be_undone_by_a_probe() -> None:
    monitor = await _monitor(postgres=Component())
    monitor.drain()
    await monitor.refresh()
    assert monitor.statuses[""] == NOT_SERVING
    await monitor.stop()
