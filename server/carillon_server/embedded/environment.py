"""The settings of each child of `carillon up`, as environment variables; no child gets more than it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from carillon_server.embedded import dev_identity
from carillon_server.embedded.data_dir import DataDir
from carillon_server.embedded.endpoints import Endpoints, address

_DRAIN_SECONDS = 1.0


def service(
    directory: DataDir, endpoints: Endpoints, database_url: str, redis_url: str, processes: int
) -> dict[str, str]:
    """For the server, the worker and the migrations."""
    ports = endpoints.ports
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CARILLON_DEVELOPMENT": "true",
        "CARILLON_GRPC_ADDRESS": address(ports.grpc),
        "CARILLON_SERVER_PROCESSES": str(processes),
        "CARILLON_METRICS_ADDRESS": address(ports.metrics),
        "CARILLON_WORKER_METRICS_ADDRESS": address(ports.worker_metrics),
        "CARILLON_SECRET_KEYS": dev_identity.secret_key(directory.identity),
        "CARILLON_SMTP_URL": f"smtp://{address(ports.smtp)}",
        "CARILLON_MAIL_FROM": "Carillon <carillon@example.com>",
        "CARILLON_LINK_BASE_URL": f"http://{address(ports.http)}",
        # The far side of whoever tries it out runs on this machine too.
        "CARILLON_EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
        "CARILLON_SANDBOX_DIRECTORY": str(directory.sandbox),
        # Whoever presses Ctrl-C waits for this; production spreads its streams over more.
        "CARILLON_DRAIN_SECONDS": str(_DRAIN_SECONDS),
        **_identity(directory),
    }


def gateway(directory: DataDir, endpoints: Endpoints) -> dict[str, str]:
    """For the browser edge: it acts for the demo's people, and knows neither database nor secret key."""
    people = {name: token for name, token in endpoints.tokens.items() if name.startswith("user-")}
    return {
        "CARILLON_TARGET": address(endpoints.ports.grpc),
        "CARILLON_HTTP_ADDRESS": address(endpoints.ports.http),
        "CARILLON_DEMO_TOKENS": json.dumps(people),
        "CARILLON_DEMO_PRODUCER_TOKEN": endpoints.tokens["producer"],
        "CARILLON_MAIL_DIR": str(directory.mail),
        "CARILLON_MESSAGE_DIR": str(directory.messages),
    }


def demo_tenant(endpoints: Endpoints) -> Mapping[str, str]:
    """For the maker of the demo tenant."""
    return {"CARILLON_TOKEN": endpoints.tokens["operator"]}


def _identity(directory: DataDir) -> dict[str, str]:
    return {
        "CARILLON_JWT_STATIC_KEYS": str(dev_identity.jwks_path(directory.identity)),
        "CARILLON_JWT_ISSUER": dev_identity.ISSUER,
        "CARILLON_JWT_AUDIENCE": dev_identity.AUDIENCE,
    }
