"""`grpc.health.v1`: whether the service works, as a whole, by service and by component.

Probes run in the background and answers come from memory, so a flood of checks costs nothing behind it. The
servicer of grpcio is not used: there one watcher that does not read holds a lock that every change waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import grpc
from grpc_health.v1 import health_pb2

from carillon_server import telemetry
from carillon_server.transport.call import Context

OVERALL = ""

Probe: TypeAlias = Callable[[], Awaitable[bool]]
"""Whether a component answers. May raise, may hang: both count as no."""

_PROBE_TIMEOUT_SECONDS = 1.5

_Status: TypeAlias = health_pb2.HealthCheckResponse.ServingStatus
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class HealthMonitor:
    """Knows what serves. `essential` components decide over the whole; the others are told by name only:
    without Redis or a worker everything is still taken, kept and shown.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        *,
        essential: Sequence[str],
        services: Sequence[str],
        interval_seconds: float = 2.0,
    ) -> None:
        self._probes = probes
        self._interval_seconds = interval_seconds
        self._essential = essential
        self._wholes = (OVERALL, *services)
        self._statuses: dict[str, _Status] = dict.fromkeys((*self._wholes, *probes), _NOT_SERVING)
        self._changed = asyncio.Event()
        self._draining = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Probes once, then goes on in the background."""
        await self.refresh()
        self._task = asyncio.create_task(self._run(), name="health")

    async def stop(self) -> None:
        """Ends the probing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def drain(self) -> None:
        """From now on nothing serves: callers that look go elsewhere."""
        self._draining = True
        self._set(dict.fromkeys(self._statuses, _NOT_SERVING))

    @property
    def statuses(self) -> Mapping[str, _Status]:
        """What is known, by name."""
        return self._statuses

    async def changes(self, name: str) -> AsyncIterator[_Status]:
        """The status now, and whenever it is another one; ends when the server drains."""
        last: _Status | None = None
        while True:
            changed = self._changed
            status = self._statuses.get(name, _UNKNOWN)
            if status != last:
                yield status
                last = status
            elif self._draining:
                # An open watch would hold up the stopping server for its whole grace.
                return
            else:
                await changed.wait()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_seconds)
            await self.refresh()

    async def refresh(self) -> None:
        """Asks every component once."""
        answers = await asyncio.gather(*(_ask(name, probe) for name, probe in self._probes.items()))
        if self._draining:
            return
        works = dict(zip(self._probes, answers, strict=True))
        works |= dict.fromkeys(self._wholes, all(works[name] for name in self._essential))
        self._set({name: _SERVING if ok else _NOT_SERVING for name, ok in works.items()})

    def _set(self, statuses: dict[str, _Status]) -> None:
        if statuses != self._statuses:
            self._statuses = statuses
            self._changed.set()
            self._changed = asyncio.Event()


class HealthServicer:
    """Answers from the monitor."""

    def __init__(self, monitor: HealthMonitor) -> None:
        self._monitor = monitor

    async def Check(  # noqa: N802 - the name of the RPC
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        status = self._monitor.statuses.get(request.service)
        if status is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service or component")
        return health_pb2.HealthCheckResponse(status=status)

    async def List(  # noqa: N802 - the name of the RPC
        self, _request: health_pb2.HealthListRequest, _context: Context
    ) -> health_pb2.HealthListResponse:
        statuses = {
            name: health_pb2.HealthCheckResponse(status=status)
            for name, status in self._monitor.statuses.items()
        }
        return health_pb2.HealthListResponse(statuses=statuses)

    async def Watch(  # noqa: N802 - the name of the RPC
        self, request: health_pb2.HealthCheckRequest, _context: Context
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        async for status in self._monitor.changes(request.service):
            yield health_pb2.HealthCheckResponse(status=status)


async def _ask(name: str, probe: Probe) -> bool:
    try:
        return await asyncio.wait_for(probe(), _PROBE_TIMEOUT_SECONDS)
    except Exception as error:  # noqa: BLE001 - however a probe fails, its component does not serve
        telemetry.get_logger().debug("health.probe_failed", component=name, fault=type(error).__name__)
        return False
