"""From service descriptors to handlers, and from handlers to what the stages must know of a method."""

from __future__ import annotations

from typing import Any, TypeAlias

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from carillon_server.domain.identity import Role
from carillon_server.transport.authorization import ANY_ROLE, ROLES
from carillon_server.transport.health import HEALTH_SERVICE
from carillon_server.transport.method import Function, Method

REFLECTION_SERVICE = "grpc.reflection.v1alpha.ServerReflection"

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


def service_handler(service: ServiceDescriptor, *servicers: object) -> grpc.GenericRpcHandler:
    """The handlers of all methods of a service, each from the first servicer that has it.

    Raises LookupError when one is missing, so that a server without it cannot start.
    """
    handlers = {method.name: _handler(method, _find(method, servicers)) for method in service.methods}
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


class Describer:
    """Says who may call a method, and how its function wants to be called."""

    def __init__(self, *, open_reflection: bool) -> None:
        """`open_reflection`: whether the API may be listed without credentials."""
        self._services: dict[str, frozenset[Role] | None] = {
            HEALTH_SERVICE: None,
            REFLECTION_SERVICE: None if open_reflection else ANY_ROLE,
        }

    def __call__(self, path: str, handler: Handler) -> Method:
        ours = path in ROLES
        # A method without a row in either table is nobody's.
        roles = ROLES[path] if ours else self._services.get(path.split("/")[1], frozenset())
        return Method(
            path=path,
            request_streaming=handler.request_streaming,
            response_streaming=handler.response_streaming,
            parse=handler.request_deserializer or bytes,
            function=_function(handler),
            roles=roles,
            takes_call=ours,
        )


def _find(method: MethodDescriptor, servicers: tuple[object, ...]) -> Function:
    for servicer in servicers:
        function: Function | None = getattr(servicer, method.name, None)
        if function is not None:
            return function
    raise LookupError(f"no servicer has {method.full_name}")


def _handler(method: MethodDescriptor, function: Function) -> Handler:
    factories = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    factory = factories[method.client_streaming, method.server_streaming]
    return factory(function, request_deserializer=GetMessageClass(method.input_type).FromString)


def _function(handler: Handler) -> Function:
    shapes = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
    return next(function for function in shapes if function is not None)
