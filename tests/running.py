"""The whole service in this process, as `carillon serve` runs it: real engines, a real socket."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from carillon_server import app
from carillon_server.config import Settings
from carillon_server.embedded import dev_identity

SECRET_KEY = urlsafe_b64encode(bytes(range(32))).decode()
ISSUER = dev_identity.ISSUER


class Issuer:
    """Signs tokens that the service trusts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        dev_identity.ensure_keys(directory)

    @property
    def jwks_path(self) -> Path:
        return dev_identity.jwks_path(self.directory)

    def token(
        self, tenant: str, subject: str, scopes: Sequence[str], lifetime: timedelta = timedelta(hours=1)
    ) -> str:
        return dev_identity.mint(self.directory, tenant, subject, scopes, lifetime)


def make_settings(postgres_url: str, redis_url: str, issuer: Issuer, **changes: object) -> Settings:
    """Settings of a service that trusts the issuer, on any free port, quick to stop."""
    values: dict[str, object] = {
        "database_url": postgres_url,
        "redis_url": redis_url,
        "secret_keys": SECRET_KEY,
        "grpc_address": "127.0.0.1:0",
        "jwt_issuer": ISSUER,
        "jwt_static_keys": str(issuer.jwks_path),
        "drain_seconds": 0,
        "unknown_types": "accept",
    }
    return Settings.model_validate(values | changes)


@asynccontextmanager
async def running_server(settings: Settings) -> AsyncIterator[str]:
    """A server that takes calls; its address."""
    async with app.running_server(settings) as port:
        yield f"127.0.0.1:{port}"
