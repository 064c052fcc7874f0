"""A server in a process of its own, to be attacked: `carillon serve` on the engines of the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

import grpc

from carillon_server.embedded.ports import free_port
from carillon_server.embedded.process import spawn, stop
from tests.eventually import wait_until
from tests.running import ISSUER, SECRET_KEY, Issuer

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Service:
    """Where it listens, whom it trusts, and how it is."""

    port: int
    pid: int
    issuer: Issuer
    log: Path

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def is_alive(self) -> bool:
        return _status(self.pid).get("State", "Z").split()[0] not in "ZX"

    def resident_mib(self) -> float:
        """Memory of the process now."""
        return int(_status(self.pid)["VmRSS"].split()[0]) / 1024

    def peak_mib(self) -> float:
        """The most memory that the process had at once since `forget_peak`."""
        return int(_status(self.pid)["VmHWM"].split()[0]) / 1024

    def processor_seconds(self) -> float:
        """What the process has taken of the processors so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def open_files(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def complaints(self) -> list[str]:
        """What it logged as a fault of its own, and what is no record: callers must not write there."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if "rpc.fault" in line or not line.startswith("{")]


@contextmanager
def running_service(
    postgres_url: str, redis_url: str, directory: Path, **settings: object
) -> Iterator[Service]:
    """A server that answers; stopped at the end."""
    issuer, port, log = Issuer(directory / "identity"), free_port(), directory / "server.log"
    environment = {
        **os.environ,
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "CARILLON_SECRET_KEYS": SECRET_KEY,
        "CARILLON_GRPC_ADDRESS": f"127.0.0.1:{port}",
        "CARILLON_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
        "CARILLON_JWT_ISSUER": ISSUER,
        "CARILLON_JWT_STATIC_KEYS": str(issuer.jwks_path),
        "CARILLON_DRAIN_SECONDS": "0",
        "CARILLON_UNKNOWN_TYPES": "accept",
        "CARILLON_LOG_LEVEL": "warning",
        **{f"CARILLON_{name.upper()}": str(value) for name, value in settings.items()},
    }
    child = spawn([sys.executable, "-m", "carillon_server", "serve"], log=log, environment=environment)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(_START_SECONDS)
        service = Service(port, child.pid, issuer, log)
        yield service
        wait_until(service.is_alive)
    finally:
        stop(child, SIGTERM, _STOP_SECONDS)


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
