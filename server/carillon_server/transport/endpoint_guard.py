"""Endpoints that would make the service call where it must not are refused when they are put."""

from __future__ import annotations

from collections.abc import Iterable

from carillon.v1 import recipient_service_pb2 as pb
from carillon.v1 import types_pb2
from carillon_server.domain.channel import Platform
from carillon_server.domain.errors import FieldsInvalid, FieldViolation
from carillon_server.domain.push_address import PushSubscription, tell_platform
from carillon_server.services.ports import ChatAddressPolicy, EgressPolicy


class EndpointGuard:
    """Asks the installation's policies; the table of limits cannot, for it knows no settings."""

    def __init__(self, egress: EgressPolicy, check_chat_address: ChatAddressPolicy) -> None:
        self._egress = egress
        self._check_chat_address = check_chat_address

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
        if endpoint.channel == types_pb2.CHANNEL_CHAT:
            reason = self._check_chat_address(endpoint.address)
        else:
            url = _url_of(endpoint)
            reason = self._egress.check_url(url) if url else None
        return [] if reason is None else [FieldViolation(f"{path}.address", reason)]

    def _refuse(self, violations: Iterable[FieldViolation]) -> None:
        found = list(violations)
        if found:
            raise FieldsInvalid(found)


def _url_of(endpoint: pb.Endpoint) -> str:
    """Webhooks, whatever they look like; of browsers, their push service. Empty: the service makes no request
    to this address.
    """
    match endpoint.channel:
        case types_pb2.CHANNEL_WEBHOOK:
            return endpoint.address
        case types_pb2.CHANNEL_PUSH:
            platform = endpoint.platform or tell_platform(endpoint.address)
            browser = platform == Platform.WEB_PUSH
            return PushSubscription.parse(endpoint.address).endpoint if browser else ""
        case _:
            return ""
