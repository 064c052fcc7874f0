"""The supervisor's life: `carillon serve` with several processes.

SIGTERM ends all processes together, SIGHUP replaces them one by one.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from carillon_server import telemetry
from carillon_server.config import Settings
from carillon_server.processes.crew import Crew
from carillon_server.processes.errors import ProcessesError
from carillon_server.processes.member import Member
from carillon_server.processes.page import registry
from carillon_server.processes.shared_port import shared_port
from carillon_server.processes.together import together, unless
from carillon_server.stopping import on_signals

_STOP_GRACE_SECONDS = 15.0


async def supervise(settings: Settings, command: Sequence[str]) -> None:
    """Runs until SIGTERM or SIGINT. `command` is the module of one server, with its arguments.

    Raises `ProcessesError` where the port cannot be had, the servers do not start, keep ending at once, or
    had to be killed in the end.
    """
    telemetry.configure_logging(settings.log_level)
    inner = settings.grpc_inner_address
    with (
        shared_port(settings.grpc_address) as address,
        shared_port(inner) if inner else nullcontext("") as within,
    ):
        environment = {
            "CARILLON_GRPC_ADDRESS": address,
            "CARILLON_GRPC_INNER_ADDRESS": within,
            "CARILLON_GRPC_SHARE_PORT": "true",
            "CARILLON_SERVER_PROCESSES": str(settings.server_processes),
        }

        async def start(number: int) -> Member:
            return await Member.start(number, (sys.executable, "-m", *command), environment)

        crew = Crew(
            settings.server_processes, start, finish_seconds=settings.drain_seconds + _STOP_GRACE_SECONDS
        )
        with telemetry.metrics_server(settings.metrics_address, registry(crew)):
            await _run(crew, settings, address)


async def _run(crew: Crew, settings: Settings, address: str) -> None:
    logger = telemetry.get_logger()
    stop, renew = on_signals(signal.SIGTERM, signal.SIGINT), on_signals(signal.SIGHUP)
    try:
        await unless(stop, crew.start())
        if not stop.is_set():
            port = int(address.rpartition(":")[2])
            logger.info("server.ready", port=port, processes=settings.server_processes)
            await unless(stop, together(crew.keep(), _renew(crew, renew)))
            logger.info("server.draining")
    finally:
        ended_well = await crew.stop()
    if not ended_well:
        raise ProcessesError("server processes had to be killed, or failed while they ended")


async def _renew(crew: Crew, asked: asyncio.Event) -> None:
    while True:
        await asked.wait()
        asked.clear()
        await crew.renew()
