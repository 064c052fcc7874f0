"""Keeps a background loop running, whatever it stumbles over."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable

from carillon_server import telemetry

_RESTART_SECONDS = 1.0


def supervise(name: str, run: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """A task that runs `run` again after a fault, until it is cancelled."""
    return asyncio.create_task(_run_for_ever(name, run), name=name)


async def _run_for_ever(name: str, run: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await run()
        except Exception as fault:  # noqa: BLE001 - a loop that ends silently would be worse
            report_fault(name, fault)
            await asyncio.sleep(_RESTART_SECONDS)


def report_fault(where: str, fault: Exception) -> None:
    """Counts and logs an unexpected exception, without its text: drivers put addresses and values into it."""
    telemetry.errors_unexpected.labels(where).inc()
    telemetry.get_logger().error(
        "realtime.fault",
        where=where,
        fault=f"{type(fault).__module__}.{type(fault).__qualname__}",
        stack="".join(traceback.format_tb(fault.__traceback__)),
    )
