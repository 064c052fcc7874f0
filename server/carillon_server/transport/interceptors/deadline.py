"""Gives every call its end: the caller's deadline, or a default for unary calls that come without one."""

from __future__ import annotations

import asyncio
from typing import Any

from carillon_server.deadline import bind_deadline
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.transport.call import Call
from carillon_server.transport.method import Method, Proceed


class Deadline:
    """gRPC cancels a call at the caller's own deadline; only the default one needs a timer of ours.

    Services are told what is left (`Call.remaining_seconds`). Transactions, which the end of their caller
    does not end, keep to it by themselves (`carillon_server.deadline`): no statement outlives its caller.
    """

    def __init__(self, default_seconds: float) -> None:
        self._default_seconds = default_seconds

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        default_seconds = None if method.long_lived else self._default_seconds

        async def bounded(call: Call) -> Any:
            remaining: float | None = call.context.time_remaining()
            if remaining is not None:
                _bind(call, remaining)
                return await proceed(call)
            if default_seconds is None:
                return await proceed(call)
            _bind(call, default_seconds)
            return await _limited(proceed, call, default_seconds)

        return bounded


def _bind(call: Call, seconds: float) -> None:
    call.deadline = asyncio.get_running_loop().time() + seconds
    bind_deadline(call.deadline)


async def _limited(proceed: Proceed, call: Call, seconds: float) -> Any:
    timer = asyncio.timeout(seconds)
    try:
        async with timer:
            return await proceed(call)
    except TimeoutError as error:
        if not timer.expired():
            raise
        raise Refusal(Reason.DEADLINE_EXCEEDED, f"the call took longer than {seconds:g} s") from error
