"""Puts the stages around a method, once, when the server is built.

All shapes become the same coroutine: streams are written with `ServicerContext.write` inside the innermost
stage, so a stage encloses a whole stream, and a generator is closed however the call ends.

These are not gRPC's own interceptors: with any of those, grpc.aio looks up the handler of every call through
a chain of coroutines, which costs as much as three of these stages.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, Protocol, TypeAlias

import grpc
from google.protobuf.message import Message

from carillon_server.transport.call import Call, Context
from carillon_server.transport.method import Method, Proceed

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class Stage(Protocol):
    """One concern of every call."""

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        """Puts itself around the rest of the chain; called once per method."""
        ...


def enclose(method: Method, stages: Sequence[Stage]) -> Handler:
    """The method inside the stages, outermost first, as gRPC calls it."""
    proceed = _innermost(method)
    for stage in reversed(stages):
        proceed = stage.wrap(method, proceed)
    return _as_handler(method, proceed)


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


def _as_handler(method: Method, proceed: Proceed) -> Handler:
    async def handle(received: AsyncIterator[bytes], context: Context) -> Any:
        return await proceed(Call(method, context, received))

    # Every request is taken as a stream. Otherwise gRPC would wait for the message before it hands us the
    # call: without a time limit, for anybody, and for ever if the caller ends the request without one.
    if method.response_streaming:
        factory = grpc.stream_stream_rpc_method_handler
    else:
        factory = grpc.stream_unary_rpc_method_handler
    return factory(handle, request_deserializer=None, response_serializer=_serialize)


def _serialize(response: Message | bytes) -> bytes:
    """Servicers may answer with bytes that are serialized already."""
    return response if isinstance(response, bytes) else response.SerializeToString()
