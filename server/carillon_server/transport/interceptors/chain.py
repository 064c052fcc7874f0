"""The one interceptor that gRPC knows. It puts the stages around every method, once, when it is first called.

The order matters and is fixed here: who is asking comes before what is asked, errors are turned into
statuses outside of everything that can raise them, and what a call came to is recorded outside of that.

All shapes become the same coroutine: streams are written with `ServicerContext.write` inside the innermost
stage, so a stage encloses a whole stream, and a generator is closed however the call ends.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, Protocol

import grpc
from google.protobuf.message import Message

from carillon_server.domain.errors import Reason, Refusal
from carillon_server.transport.call import Call, Context
from carillon_server.transport.method import Method, Proceed


class Stage(Protocol):
    """One concern of every call."""

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        """Puts itself around the rest of the chain; called once per method."""
        ...


Describe = Callable[[str, "grpc.RpcMethodHandler[Any, Any]"], Method]


class Chain(grpc.aio.ServerInterceptor):
    """Runs the stages, outermost first."""

    def __init__(self, stages: Sequence[Stage], describe: Describe) -> None:
        self.stages = tuple(stages)
        self._describe = describe
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self._unknown = self._build(_UNKNOWN)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any]:
        path = handler_call_details.method
        known = self._handlers.get(path)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        if handler is None:
            return self._unknown
        return self._handlers.setdefault(path, self._build(self._describe(path, handler)))

    def _build(self, method: Method) -> grpc.RpcMethodHandler[Any, Any]:
        proceed = _innermost(method)
        for stage in reversed(self.stages):
            proceed = stage.wrap(method, proceed)
        return _as_handler(method, proceed)


async def _refuse_unknown(_requests: object, _call: Call) -> None:
    raise Refusal(Reason.METHOD_UNKNOWN, "there is no such RPC")


# Takes streams both ways: whatever the caller believes the method to be, it is answered at once.
_UNKNOWN = Method(
    path="/unknown",
    request_streaming=True,
    response_streaming=True,
    parse=Message,
    function=_refuse_unknown,
    roles=None,
    takes_call=True,
)


def _innermost(method: Method) -> Proceed:
    function = method.function
    streams = inspect.isasyncgenfunction(function)

    async def run(call: Call) -> Any:
        peer = call if method.takes_call else call.context
        if not streams:
            return await function(call.received, peer)
        async with aclosing(function(call.received, peer)) as responses:
            async for response in responses:
                await call.context.write(response)
        return None

    return run


def _as_handler(method: Method, proceed: Proceed) -> grpc.RpcMethodHandler[Any, Any]:
    async def handle(received: bytes | AsyncIterator[bytes], context: Context) -> Any:
        return await proceed(Call(method, context, received))

    factories = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    factory = factories[method.request_streaming, method.response_streaming]
    return factory(handle, request_deserializer=None, response_serializer=serialize)


def serialize(response: Message | bytes) -> bytes:
    """Servicers may answer with bytes that are serialized already."""
    return response if isinstance(response, bytes) else response.SerializeToString()
