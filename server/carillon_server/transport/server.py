"""Builds the gRPC server: options, stages, services, address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection

from carillon.v1 import notification_service_pb2, preference_service_pb2, recipient_service_pb2
from carillon_server.config import Settings
from carillon_server.transport.authorization import (
    NOTIFICATION_SERVICE,
    PREFERENCE_SERVICE,
    RECIPIENT_SERVICE,
)
from carillon_server.transport.checker import Checker
from carillon_server.transport.health import HEALTH_SERVICE, HealthMonitor, HealthServicer
from carillon_server.transport.interceptors.authentication import Authentication, Authenticator
from carillon_server.transport.interceptors.authorisation import Authorisation
from carillon_server.transport.interceptors.chain import Chain, Stage
from carillon_server.transport.interceptors.deadline import Deadline
from carillon_server.transport.interceptors.errors import Errors
from carillon_server.transport.interceptors.observation import Observation
from carillon_server.transport.interceptors.request_id import RequestId
from carillon_server.transport.interceptors.validation import Validation
from carillon_server.transport.options import channel_options
from carillon_server.transport.registration import REFLECTION_SERVICE, Describer, service_handler

SERVICES = (NOTIFICATION_SERVICE, PREFERENCE_SERVICE, RECIPIENT_SERVICE)

_DESCRIPTORS = {
    descriptor.full_name: descriptor
    for file in (notification_service_pb2, preference_service_pb2, recipient_service_pb2)
    for descriptor in file.DESCRIPTOR.services_by_name.values()
}


def build_stages(settings: Settings, authenticator: Authenticator, checker: Checker) -> Sequence[Stage]:
    """Outermost first."""
    return (
        RequestId(),
        Observation(),
        Errors(),
        Deadline(settings.default_deadline_seconds),
        Authentication(authenticator),
        Authorisation(),
        Validation(checker.check, settings.max_message_bytes),
    )


def build_server(
    settings: Settings,
    *,
    servicers: Sequence[object],
    authenticator: Authenticator,
    checker: Checker,
    health: HealthMonitor,
) -> grpc.aio.Server:
    """A server that is not started yet. Every RPC must be found in one of the servicers."""
    stages = build_stages(settings, authenticator, checker)
    describe = Describer(open_reflection=settings.development)
    server = grpc.aio.server(
        interceptors=(Chain(stages, describe),),
        options=channel_options(settings),
        # Callers may compress; answers are not, as callers are near and time is worth more than bytes.
        compression=grpc.Compression.NoCompression,
    )
    handlers = [service_handler(_DESCRIPTORS[name], *servicers) for name in SERVICES]
    health_service = health_pb2.DESCRIPTOR.services_by_name["Health"]
    server.add_generic_rpc_handlers([*handlers, service_handler(health_service, HealthServicer(health))])
    names = (*SERVICES, HEALTH_SERVICE, REFLECTION_SERVICE)
    reflection.enable_server_reflection(names, server)  # type: ignore[no-untyped-call]  # it has no types
    return server


def bind(server: grpc.aio.Server, settings: Settings) -> int:
    """Takes the address, with TLS where a certificate is configured; the port.

    Raises RuntimeError when the address cannot be had.
    """
    if not settings.tls_certificate:
        return server.add_insecure_port(settings.grpc_address)
    pair = (Path(settings.tls_key).read_bytes(), Path(settings.tls_certificate).read_bytes())
    return server.add_secure_port(settings.grpc_address, grpc.ssl_server_credentials([pair]))
