"""The one place where exceptions become statuses.

A refusal goes out with its reason and details. Anything else is a fault of ours: the caller gets INTERNAL
with an error id and nothing more, the log gets the id and the stack. Texts of unexpected exceptions appear in
neither: drivers put parameters, URLs and passwords into them.
"""

from __future__ import annotations

import asyncio
import secrets
import traceback
from typing import Any, Never

import grpc

from carillon_server import telemetry
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.transport.call import Call
from carillon_server.transport.interceptors.request_id import REQUEST_ID_KEY
from carillon_server.transport.method import Method, Proceed
from carillon_server.transport.status import CODES, trailers_of

_CODES_BY_NUMBER = {int(code.value[0]): code for code in grpc.StatusCode}

_FLUSH_SECONDS = 1.0


class Errors:
    """Ends calls that raise; cancellation passes through."""

    def wrap(self, _method: Method, proceed: Proceed) -> Proceed:
        async def guarded(call: Call) -> Any:
            try:
                return await proceed(call)
            except Refusal as refusal:
                await _abort(call, refusal)
            except asyncio.CancelledError:
                raise
            except grpc.aio.InternalError as gone:
                # A write met the caller's reset before we were told of it: no fault, nobody to tell.
                raise asyncio.CancelledError from gone
            except grpc.aio.AbortError:
                call.code = _as_code(call.context.code())
                raise
            except Exception as fault:  # noqa: BLE001 - the outermost boundary: nothing unknown may pass it
                await _abort(call, report_fault(fault, call.method.label))

        return guarded


def report_fault(fault: BaseException, where: str) -> Refusal:
    """Logs and counts an unexpected exception; the refusal that tells the caller its id alone."""
    error_id = secrets.token_hex(8)
    telemetry.errors_unexpected.labels(where).inc()
    telemetry.get_logger().error(
        "rpc.fault",
        where=where,
        error_id=error_id,
        fault=f"{type(fault).__module__}.{type(fault).__qualname__}",
        stack="".join(traceback.format_tb(fault.__traceback__)),
    )
    return Refusal(Reason.INTERNAL, "a fault of the service", metadata={"error_id": error_id})


def _as_code(code: grpc.StatusCode | int) -> grpc.StatusCode:
    # Typed as the enum, though grpc.aio answers with its number.
    return _CODES_BY_NUMBER[code] if isinstance(code, int) else code


async def _abort(call: Call, refusal: Refusal) -> Never:
    call.code = CODES[refusal.reason]
    metadata = ((REQUEST_ID_KEY, call.request_id), *trailers_of(refusal))
    try:
        async with asyncio.timeout(_FLUSH_SECONDS):
            await call.context.abort(call.code, refusal.message, metadata)
    except TimeoutError:
        # The status lies in the connection, behind messages that the peer does not take; the call must not
        # wait there with it. Writing to an aborted call raises its `AbortError`.
        await call.context.write(b"")
    raise AssertionError("an aborted call goes on")
