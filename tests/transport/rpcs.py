"""Every RPC of the API, from the descriptors: what a new one adds is tested without being listed."""

from __future__ import annotations

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from carillon.v1 import (
    catalog_service_pb2,
    delivery_service_pb2,
    notification_service_pb2,
    preference_service_pb2,
    recipient_service_pb2,
)
from carillon_server.transport.authorization import ROLES

_FILES = (
    notification_service_pb2,
    preference_service_pb2,
    recipient_service_pb2,
    delivery_service_pb2,
    catalog_service_pb2,
)

SPECIFIED: dict[str, MethodDescriptor] = {
    method.name: method
    for file in _FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
RPCS: dict[str, MethodDescriptor] = {
    name: method
    for name, method in SPECIFIED.items()
    if f"/{method.containing_service.full_name}/{name}" in ROLES
}
"""Those that are served."""
UNARY = [name for name, rpc in RPCS.items() if not rpc.client_streaming and not rpc.server_streaming]


def path_of(name: str) -> str:
    rpc = RPCS[name]
    return f"/{rpc.containing_service.full_name}/{name}"


def request_type(name: str) -> type[Message]:
    return GetMessageClass(RPCS[name].input_type)


def response_type(name: str) -> type[Message]:
    return GetMessageClass(RPCS[name].output_type)
