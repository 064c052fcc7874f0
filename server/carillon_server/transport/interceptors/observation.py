"""Measures every call and writes one record of it: ids, code and time, never content."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import grpc

from carillon_server import telemetry
from carillon_server.transport.call import Call
from carillon_server.transport.method import Method, Proceed

_SERVER_FAULTS = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE})


# Kept, because making one costs as much as a record.
_logger = telemetry.get_logger()


class Observation:
    """Sees the code that the errors stage decided on. A call that its caller gave up is CANCELLED."""

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        started = telemetry.rpc_started.labels(method.label)

        async def observed(call: Call) -> Any:
            started.inc()
            start = time.perf_counter()
            try:
                return await proceed(call)
            except asyncio.CancelledError:
                call.code = _code_of_cancelled(call)
                raise
            finally:
                elapsed = time.perf_counter() - start
                if not method.long_lived:
                    telemetry.rpc_seconds.labels(method.label, call.code.name).observe(elapsed)
                _record(call, elapsed)

        return observed


def _code_of_cancelled(call: Call) -> grpc.StatusCode:
    overdue = call.remaining_seconds() == 0.0
    return grpc.StatusCode.DEADLINE_EXCEEDED if overdue else grpc.StatusCode.CANCELLED


def _level(call: Call) -> int:
    if call.code in _SERVER_FAULTS:
        return logging.WARNING
    # Probes come every second and say nothing when all is well.
    return logging.INFO if call.method.roles is not None else logging.DEBUG


def _record(call: Call, seconds: float) -> None:
    _logger.log(
        _level(call),
        "rpc.finished",
        method=call.method.label,
        code=call.code.name,
        duration_ms=round(seconds * 1000, 2),
        tenant=call.principal.tenant,
    )
