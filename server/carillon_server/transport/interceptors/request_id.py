"""Gives every call an id, the caller's own if it is well-formed, and returns it in the trailing metadata."""

from __future__ import annotations

from typing import Any

from carillon_server import telemetry
from carillon_server.transport.call import Call
from carillon_server.transport.method import Method, Proceed

REQUEST_ID_KEY = "x-request-id"


class RequestId:
    """The outermost stage: all others log with the id."""

    def wrap(self, _method: Method, proceed: Proceed) -> Proceed:
        async def identified(call: Call) -> Any:
            call.request_id = telemetry.bind_request_id(call.header(REQUEST_ID_KEY))
            call.context.set_trailing_metadata(((REQUEST_ID_KEY, call.request_id),))
            return await proceed(call)

        return identified
