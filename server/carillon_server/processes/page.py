"""The one page of metrics of all processes, for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from carillon_server.processes import metrics
from carillon_server.processes.crew import Crew

_TIMEOUT_SECONDS = 5.0


class CrewCollector(Collector):
    """Brings the metrics of a crew to the thread that serves pages."""

    def __init__(self, crew: Crew, loop: asyncio.AbstractEventLoop) -> None:
        self._crew = crew
        self._loop = loop

    def describe(self) -> Iterator[Metric]:
        """Nothing: what there is depends on the processes."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        merged = asyncio.run_coroutine_threadsafe(self._crew.collect(), self._loop)
        yield from merged.result(_TIMEOUT_SECONDS)
        yield from metrics.REGISTRY.collect()


def registry(crew: Crew) -> CollectorRegistry:
    """What a page of the crew is made from; to be called on its event loop."""
    made = CollectorRegistry()
    made.register(CrewCollector(crew, asyncio.get_running_loop()))
    return made
