"""Measures every call and writes one record of it: ids, code and time, never content."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import grpc
from prometheus_client import Histogram

from carillon_server import telemetry
from carillon_server.transport.call import Call
from carillon_server.transport.method import Method, Proceed

_SERVER_FAULTS = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE})


class Observation:
    """Sees the code that the errors stage decided on. A call that its caller gave up is CANCELLED."""

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        report = _Report(method)

        async def observed(call: Call) -> Any:
            start = time.perf_counter()
            report.started()
            try:
                return await proceed(call)
            except asyncio.CancelledError:
                call.code = _code_of_cancelled(call)
                raise
            finally:
                report.finished(call, time.perf_counter() - start)

        return observed


class _Report:
    """What is said of the calls of one method."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._started = telemetry.streams_started.labels(method.label) if method.long_lived else None
        self._seconds: dict[grpc.StatusCode, Histogram] = {}
        # Bound once: binding costs as much as a record.
        self._logger = telemetry.get_logger().bind(method=method.label)

    def started(self) -> None:
        if self._started is not None:
            self._started.inc()

    def finished(self, call: Call, seconds: float) -> None:
        if self._started is None:
            self._histogram(call.code).observe(seconds)
        self._logger.log(
            self._level(call.code),
            "rpc.finished",
            code=call.code.name,
            duration_ms=round(seconds * 1000, 2),
            tenant=call.principal.tenant,
        )

    def _histogram(self, code: grpc.StatusCode) -> Histogram:
        histogram = self._seconds.get(code)
        if histogram is None:
            histogram = self._seconds[code] = telemetry.rpc_seconds.labels(self._method.label, code.name)
        return histogram

    def _level(self, code: grpc.StatusCode) -> int:
        if code in _SERVER_FAULTS:
            return logging.WARNING
        # Probes come every second and say nothing when all is well.
        return logging.INFO if self._method.roles is not None else logging.DEBUG


def _code_of_cancelled(call: Call) -> grpc.StatusCode:
    overdue = call.remaining_seconds() == 0.0
    return grpc.StatusCode.DEADLINE_EXCEEDED if overdue else grpc.StatusCode.CANCELLED
