from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from carillon_server.domain.identity import Role
from tests.running import Issuer, make_settings, running_server
from tests.transport.caller import Caller


@dataclass
class House:
    """A running service and callers of every kind."""

    address: str
    issuer: Issuer
    channel: grpc.aio.Channel

    def caller(self, *roles: Role, subject: str = "ada", tenant: str = "acme") -> Caller:
        return Caller(self.channel, self.issuer.token(tenant, subject, roles))

    @property
    def nobody(self) -> Caller:
        return Caller(self.channel)

    @property
    def producer(self) -> Caller:
        return self.caller(Role.PRODUCER, subject="billing")

    @property
    def operator(self) -> Caller:
        return self.caller(Role.OPERATOR, subject="root")

    @property
    def gateway(self) -> Caller:
        return self.caller(Role.GATEWAY, subject="edge")

    def user(self, subject: str = "ada", tenant: str = "acme") -> Caller:
        return self.caller(Role.USER, subject=subject, tenant=tenant)


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path / "identity")


@pytest.fixture
async def house(postgres_url: str, redis_url: str, issuer: Issuer) -> AsyncIterator[House]:
    settings = make_settings(postgres_url, redis_url, issuer)
    async with running_server(settings) as address, grpc.aio.insecure_channel(address) as channel:
        yield House(address, issuer, channel)
