"""Where things listen on this machine, and the file that tells it to others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.ports import HOST, free_port, is_free
from carillon_server.embedded.private_file import write_private


@dataclass(frozen=True)
class Ports:
    """The ports of `carillon up`; 0 asks for any free one."""

    grpc: int = 50051
    http: int = 8080
    smtp: int = 1025
    far_side: int = 8090
    metrics: int = 9464
    worker_metrics: int = 0

    def settled(self) -> Ports:
        """With every 0 replaced; raises `EmbeddedError` naming the option of a port that is in use."""
        settled: dict[str, int] = {}
        for name, port in asdict(self).items():
            if port and (port in settled.values() or not is_free(port)):
                option = f"--{name.replace('_', '-')}-port"
                raise EmbeddedError(f"port {port} is in use; choose another with {option} (0: any free one)")
            taken = {*settled.values(), *asdict(self).values()}
            settled[name] = port or next(found for found in iter(free_port, 0) if found not in taken)
        return Ports(**settled)


def address(port: int) -> str:
    """`host:port`."""
    return f"{HOST}:{port}"


@dataclass(frozen=True)
class Endpoints:
    """What a caller on this machine needs: addresses, and a token for each identity of the demo tenant."""

    ports: Ports
    tokens: Mapping[str, str]

    @property
    def addresses(self) -> dict[str, str]:
        """gRPC and SMTP as `host:port`, the others as URLs."""
        return {
            "grpc": address(self.ports.grpc),
            "http": f"http://{address(self.ports.http)}",
            "smtp": address(self.ports.smtp),
            "far_side": f"http://{address(self.ports.far_side)}",
            "metrics": f"http://{address(self.ports.metrics)}/metrics",
            "worker_metrics": f"http://{address(self.ports.worker_metrics)}/metrics",
        }

    def write(self, path: Path, pids: Mapping[str, int | None]) -> None:
        """Replace the file in one step; it holds tokens, so only its owner may read it."""
        document = {**self.addresses, "tokens": dict(self.tokens), "pids": dict(pids)}
        write_private(path, json.dumps(document, indent=2) + "\n")
