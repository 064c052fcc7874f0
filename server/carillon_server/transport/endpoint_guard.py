"""Endpoints that would make the service call where it must not are refused when they are put."""

from __future__ import annotations

from collections.abc import Iterable

from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.errors import FieldsInvalid, FieldViolation
from carillon_server.services.ports import EgressPolicy

_WEB_SCHEMES = ("https:", "http:")


class EndpointGuard:
    """Asks the installation's policy; the table of limits cannot, for it knows no settings."""

    def __init__(self, egress: EgressPolicy) -> None:
        self._egress = egress

    def check(self, endpoint: pb.Endpoint, path: str = "endpoint") -> None:
        """Raises `FieldsInvalid` naming the address under `path`."""
        self._refuse(self._violations(endpoint, path))

    def check_all(self, endpoints: Iterable[pb.Endpoint]) -> None:
        """Raises `FieldsInvalid` naming each bad one as `endpoints[i].address`."""
        self._refuse(
            violation
            for index, endpoint in enumerate(endpoints)
            for violation in self._violations(endpoint, f"endpoints[{index}]")
        )

    def _violations(self, endpoint: pb.Endpoint, path: str) -> list[FieldViolation]:
        if not _is_web(endpoint):
            return []
        reason = self._egress.check_url(endpoint.address)
        return [] if reason is None else [FieldViolation(f"{path}.address", reason)]

    def _refuse(self, violations: Iterable[FieldViolation]) -> None:
        found = list(violations)
        if found:
            raise FieldsInvalid(found)


def _is_web(endpoint: pb.Endpoint) -> bool:
    """Webhooks, whatever they look like; chat where the address is a URL of the web."""
    if endpoint.channel == types_pb2.CHANNEL_CHAT:
        return endpoint.address.lower().startswith(_WEB_SCHEMES)
    return endpoint.channel == types_pb2.CHANNEL_WEBHOOK
