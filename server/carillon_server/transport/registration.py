"""From service descriptors to methods: who serves them, who may call them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from carillon_server.domain.identity import Role
from carillon_server.transport.authorization import ROLES
from carillon_server.transport.method import Function, Method


def our_methods(service: ServiceDescriptor, servicers: Sequence[object]) -> Iterator[Method]:
    """The methods of a service of ours, each from the first servicer that has it.

    Raises LookupError for one that has a row in the table of roles and that nobody serves, so that a server
    without it cannot start. One without a row is unknown to callers.
    """
    for method in service.methods:
        roles = ROLES.get(_path(method))
        if roles is not None:
            yield _describe(method, _find(method, servicers), roles, takes_call=True)


def library_methods(
    service: ServiceDescriptor, servicer: object, roles: frozenset[Role] | None
) -> Iterator[Method]:
    """The methods of a service that every gRPC server has. `roles`: None opens it to everyone."""
    for method in service.methods:
        yield _describe(method, _find(method, [servicer]), roles, takes_call=False)


def _describe(
    method: MethodDescriptor, function: Function, roles: frozenset[Role] | None, *, takes_call: bool
) -> Method:
    return Method(
        path=_path(method),
        request_streaming=method.client_streaming,
        response_streaming=method.server_streaming,
        request_type=GetMessageClass(method.input_type),
        function=function,
        roles=roles,
        takes_call=takes_call,
    )


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def _find(method: MethodDescriptor, servicers: Sequence[object]) -> Function:
    for servicer in servicers:
        function: Function | None = getattr(servicer, method.name, None)
        if function is not None:
            return function
    raise LookupError(f"no servicer has {method.full_name}")
