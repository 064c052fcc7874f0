"""Two server processes on one port against one, over the same eight connections.

Where load generator, servers and Postgres share few processors, all of them together are the limit, and calls
a second say little. What a call costs the servers says more: two are worth twice as much as one where it is
the same.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIGTERM

from benchmarks.figure import Figure
from benchmarks.load import measure
from benchmarks.noop_server import METHOD as NOOP
from benchmarks.service import Service
from benchmarks.usage import children, cpu_seconds
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.embedded.ports import free_port
from carillon_server.embedded.process import spawn, stop

_SEND = "/carillon.v1.NotificationService/Send"
_CONNECTIONS = 8
_FEW, _MANY = 8, 32
"""Calls in flight on each connection."""
_CALLS_EACH = 1_000
_PROCESSES = 2
_READY_SECONDS = 30.0
_numbers = itertools.count()


@dataclass(frozen=True)
class _Run:
    calls_per_second: float
    server_microseconds: float
    load_percent: float


async def several_processes(service: Service) -> list[Figure]:
    """Send and a call that does nothing."""
    nothing = functools.partial(itertools.repeat, b"")
    figures: list[Figure] = []
    for name, method, requests, token, serving, each in (
        ("No-op RPC", NOOP, nothing, "", _noop_servers, _FEW),
        ("Send", _SEND, _sends, service.producer, _servers, _FEW),
        ("Send", _SEND, _sends, service.producer, _servers, _MANY),
    ):
        with serving(service, 1) as (target, pids):
            one = await _run(target, pids, method, requests, token, each)
        with serving(service, _PROCESSES) as (target, pids):
            two = await _run(target, pids, method, requests, token, each)
        figures += _figures(f"{name}, {each * _CONNECTIONS} in flight", two, one)
    return figures


def _figures(name: str, two: _Run, one: _Run) -> Iterator[Figure]:
    for what, of_two, of_one, unit in (
        ("2 processes / 1", two.calls_per_second, one.calls_per_second, "calls/s"),
        (
            "2 processes / 1: processor time of the servers",
            two.server_microseconds,
            one.server_microseconds,
            "µs",
        ),
        ("2 processes / 1: load generator, of a core", two.load_percent, one.load_percent, "%"),
    ):
        yield Figure(f"{name}, {what}", of_two, of_one, unit, of_two / of_one, "")


async def _run(
    target: str,
    pids: Sequence[int],
    method: str,
    requests: Callable[[], Iterable[bytes]],
    token: str,
    in_flight: int,
) -> _Run:
    load = functools.partial(measure, target, method, requests, in_flight=in_flight, token=token)
    await asyncio.gather(*(load(calls=100, warm_up=50) for _ in range(_CONNECTIONS)))
    before, load_before, start = cpu_seconds(pids), cpu_seconds([os.getpid()]), time.perf_counter()
    await asyncio.gather(*(load(calls=_CALLS_EACH, warm_up=0) for _ in range(_CONNECTIONS)))
    seconds, calls = time.perf_counter() - start, _CALLS_EACH * _CONNECTIONS
    return _Run(
        calls / seconds,
        (cpu_seconds(pids) - before) / calls * 1e6,
        (cpu_seconds([os.getpid()]) - load_before) / seconds * 100,
    )


@contextmanager
def _noop_servers(service: Service, processes: int) -> Iterator[tuple[str, Sequence[int]]]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.noop_server", str(port)]
    environment = os.environ | service.environment | {"CARILLON_GRPC_SHARE_PORT": "true"}
    log = service.directory / "noop-servers.log"
    children = [spawn(command, log=log, environment=environment) for _ in range(processes)]
    try:
        _wait(lambda: log.read_text().count("ready") == processes)
        yield f"127.0.0.1:{port}", [child.pid for child in children]
    finally:
        log.unlink()
        for child in children:
            stop(child, SIGTERM, 10.0)


@contextmanager
def _servers(service: Service, processes: int) -> Iterator[tuple[str, Sequence[int]]]:
    target, log = f"127.0.0.1:{free_port()}", service.directory / "several.log"
    environment = {
        "CARILLON_GRPC_ADDRESS": target,
        "CARILLON_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
        "CARILLON_LOG_LEVEL": "info",
        "CARILLON_DRAIN_SECONDS": "0",
        # A new server would refuse some of them until it has found out how many it can take.
        "CARILLON_CALL_LIMIT_MIN": str(_MANY * _CONNECTIONS),
    }
    command = [sys.executable, "-m", "carillon_server", "serve", "--processes", str(processes)]
    child = spawn(command, log=log, environment=os.environ | service.environment | environment)
    try:
        _wait(lambda: '"server.ready"' in log.read_text())
        yield target, [child.pid, *children(child.pid)]
    finally:
        stop(child, SIGTERM, 20.0)
        log.unlink()


def _sends() -> Iterator[bytes]:
    content = types_pb2.Content(title="A scan has finished", body="Twelve findings, two of them new.")
    for number in itertools.count():
        person = f"person-{number * 7919 % 1_000}"
        yield pb.SendRequest(
            recipient_ids=[person], type="scan.completed", content=content
        ).SerializeToString()


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the servers did not become ready")
        time.sleep(0.05)
