"""The one handler that gRPC knows: every path leads to its method, or to a refusal with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import grpc
from google.protobuf.message import Message

from carillon_server.domain.errors import Reason, Refusal
from carillon_server.transport.call import Call
from carillon_server.transport.interceptors.chain import Handler, Stage, enclose
from carillon_server.transport.method import Method


class Router(grpc.GenericRpcHandler):
    """Methods by their path, each inside the stages."""

    def __init__(self, methods: Iterable[Method], stages: Sequence[Stage]) -> None:
        self._handlers = {method.path: enclose(method, stages) for method in methods}
        self._unknown = enclose(_UNKNOWN, stages)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        return self._handlers.get(handler_call_details.method, self._unknown)


async def _refuse_unknown(_requests: object, _call: Call) -> None:
    raise Refusal(Reason.METHOD_UNKNOWN, "there is no such RPC")


# Takes streams both ways: whatever the caller believes the method to be, it is answered at once.
_UNKNOWN = Method(
    path="/unknown",
    request_streaming=True,
    response_streaming=True,
    request_type=Message,
    function=_refuse_unknown,
    roles=None,
    takes_call=True,
)
