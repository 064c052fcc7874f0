"""What the gRPC servers of a process lead to: stages, services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from carillon.v1 import (
    catalog_service_pb2,
    delivery_service_pb2,
    notification_service_pb2,
    preference_service_pb2,
    recipient_service_pb2,
)
from carillon_server.config import Settings
from carillon_server.domain.call_limit import CallLimit
from carillon_server.transport.admission import Admission
from carillon_server.transport.authorization import (
    ANY_ROLE,
    CATALOG_SERVICE,
    DELIVERY_SERVICE,
    NOTIFICATION_SERVICE,
    PREFERENCE_SERVICE,
    RECIPIENT_SERVICE,
)
from carillon_server.transport.checker import Checker
from carillon_server.transport.health import HealthMonitor, HealthServicer
from carillon_server.transport.interceptors.admission import Entrance, Shedding
from carillon_server.transport.interceptors.authentication import Authentication, Authenticator
from carillon_server.transport.interceptors.authorisation import Authorisation
from carillon_server.transport.interceptors.chain import Stage
from carillon_server.transport.interceptors.deadline import Deadline
from carillon_server.transport.interceptors.errors import Errors
from carillon_server.transport.interceptors.observation import Observation
from carillon_server.transport.interceptors.request_id import RequestId
from carillon_server.transport.interceptors.validation import Validation
from carillon_server.transport.method import Method
from carillon_server.transport.registration import library_methods, our_methods
from carillon_server.transport.router import Router

SERVICES = (
    NOTIFICATION_SERVICE,
    PREFERENCE_SERVICE,
    RECIPIENT_SERVICE,
    DELIVERY_SERVICE,
    CATALOG_SERVICE,
)

_DESCRIPTORS = {
    descriptor.full_name: descriptor
    for file in (
        notification_service_pb2,
        preference_service_pb2,
        recipient_service_pb2,
        delivery_service_pb2,
        catalog_service_pb2,
    )
    for descriptor in file.DESCRIPTOR.services_by_name.values()
}
_HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"]
_REFLECTION = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"]

_FIRST_CALL_LIMIT = 1_024
"""A burst is no overload yet: what it takes shows soon enough."""


def build_stages(settings: Settings, authenticator: Authenticator, checker: Checker) -> Sequence[Stage]:
    """Outermost first."""
    admission = _build_admission(settings)
    return (
        RequestId(),
        Observation(),
        Errors(),
        Deadline(settings.default_deadline_seconds),
        Authentication(authenticator),
        Authorisation(),
        Shedding(admission),
        Validation(checker, settings.max_message_bytes),
        Entrance(admission),
    )


def _build_admission(settings: Settings) -> Admission:
    limit = CallLimit(
        settings.call_limit_min,
        settings.call_limit_max,
        settings.call_target_ms / 1000,
        start=_FIRST_CALL_LIMIT,
    )
    return Admission(limit, max_waiting=settings.call_queue)


def build_router(
    settings: Settings,
    *,
    servicers: Sequence[object],
    authenticator: Authenticator,
    checker: Checker,
    health: HealthMonitor,
) -> Router:
    """All methods inside the stages. Every RPC must be found in one of the servicers."""
    stages = build_stages(settings, authenticator, checker)
    methods = [*_methods(servicers, health, open_reflection=settings.development)]
    return Router(methods, stages)


def _methods(
    servicers: Sequence[object], health: HealthMonitor, *, open_reflection: bool
) -> Iterator[Method]:
    for name in SERVICES:
        yield from our_methods(_DESCRIPTORS[name], servicers)
    yield from library_methods(_HEALTH, HealthServicer(health), roles=None)
    names = (*SERVICES, _HEALTH.full_name, _REFLECTION.full_name)
    roles = None if open_reflection else ANY_ROLE
    servicer = reflection.aio.ReflectionServicer(names)  # type: ignore[no-untyped-call]  # it has no types
    yield from library_methods(_REFLECTION, servicer, roles)
