"""What is measured: engines, server and sink in processes of their own; workers where one is asked for."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import secrets
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM

import grpc
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grpc_health.v1 import health_pb2, health_pb2_grpc
from jwt.algorithms import OKPAlgorithm

from carillon_server.embedded.engine import Engine
from carillon_server.embedded.ports import free_port
from carillon_server.embedded.postgres import Postgres
from carillon_server.embedded.process import spawn, stop
from carillon_server.embedded.valkey import Valkey
from carillon_server.storage.migrate import upgrade

_ISSUER, _AUDIENCE = "benchmark", "carillon"
_READY_SECONDS = 30.0


@dataclass(frozen=True)
class Sink:
    """Where deliveries go; see `benchmarks.sink`."""

    smtp_port: int
    http_port: int
    report_port: int

    @property
    def ports(self) -> tuple[int, int, int]:
        return self.smtp_port, self.http_port, self.report_port

    async def report(self) -> list[float]:
        """When each message was taken since the last report."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.report_port)
        told: list[float] = json.loads(await reader.read())
        writer.close()
        return told

    async def wait_for(self, count: int, seconds: float = 120.0) -> list[float]:
        """As `report`, once so many have come."""
        taken: list[float] = []
        async with asyncio.timeout(seconds):
            while len(taken) < count:
                taken += await self.report()
                await asyncio.sleep(0.02)
        return taken


@dataclass(frozen=True)
class Service:
    """Where everything is, and tokens to use it."""

    target: str
    noop_target: str
    database_url: str
    producer: str
    gateway: str
    sink: Sink
    environment: Mapping[str, str] = field(repr=False)
    directory: Path
    sign: Callable[[str, str], str] = field(repr=False)
    """A token for a subject and scopes."""
    engine_pids: tuple[int, int]
    """Postgres and Valkey."""
    server_pids: tuple[int, int]
    """The server and the one that answers with nothing."""

    @contextmanager
    def worker(self) -> Iterator[None]:
        """One worker process beside it."""
        command = [sys.executable, "-m", "carillon_server", "worker"]
        child = spawn(command, log=self.directory / "worker.log", environment=os.environ | self.environment)
        try:
            yield
        finally:
            stop(child, SIGTERM, 30.0)


@contextmanager
def running_service(directory: Path) -> Iterator[Service]:
    """Started on fresh data with production settings; stopped at the end."""
    postgres, valkey = Postgres(directory / "postgres"), Valkey(directory / "valkey")
    for engine in (postgres, valkey):
        engine.spawn()
    for engine in (postgres, valkey):
        engine.wait_ready()
    upgrade(postgres.url)
    key = Ed25519PrivateKey.generate()
    ports = free_port(), free_port()
    sink = Sink(free_port(), free_port(), free_port())
    own = _environment(directory, key, ports[0], postgres.url, valkey.url, sink)
    environment = os.environ | own
    commands = (
        [sys.executable, "-m", "carillon_server", "serve"],
        [sys.executable, "-m", "benchmarks.noop_server", str(ports[1])],
        [sys.executable, "-m", "benchmarks.sink", *map(str, sink.ports)],
    )
    children = [
        spawn(command, log=directory / f"child-{number}.log", environment=environment)
        for number, command in enumerate(commands)
    ]
    try:
        wait_ready(f"127.0.0.1:{ports[0]}", directory / "child-0.log")
        yield Service(
            f"127.0.0.1:{ports[0]}",
            f"127.0.0.1:{ports[1]}",
            postgres.url,
            _token(key, "producer", "notifications.send admin"),
            _token(key, "gateway", "gateway"),
            sink,
            own,
            directory,
            functools.partial(_token, key),
            (_pid(postgres), _pid(valkey)),
            (children[0].pid, children[1].pid),
        )
    finally:
        for child in children:
            stop(child, SIGTERM, 10.0)
        valkey.stop()
        postgres.stop()


def _environment(
    directory: Path, key: Ed25519PrivateKey, port: int, database_url: str, redis_url: str, sink: Sink
) -> dict[str, str]:
    jwks = directory / "jwks.json"
    public = json.loads(OKPAlgorithm.to_jwk(key.public_key()))
    jwks.write_text(json.dumps({"keys": [public | {"kid": "bench", "use": "sig", "alg": "EdDSA"}]}))
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CARILLON_GRPC_ADDRESS": f"127.0.0.1:{port}",
        "CARILLON_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
        "CARILLON_SECRET_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "CARILLON_JWT_ISSUER": _ISSUER,
        "CARILLON_JWT_AUDIENCE": _AUDIENCE,
        "CARILLON_JWT_STATIC_KEYS": str(jwks),
        "CARILLON_WORKER_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
        "CARILLON_SMTP_URL": f"smtp://127.0.0.1:{sink.smtp_port}",
        "CARILLON_EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "CARILLON_UNKNOWN_TYPES": "accept",
        "CARILLON_LOG_LEVEL": "warning",
    }


def _token(key: Ed25519PrivateKey, subject: str, scope: str) -> str:
    now = int(time.time())
    claims = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": subject,
        "tenant": "bench",
        "scope": scope,
        "iat": now,
        "exp": now + 3600,
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "bench"})


def _pid(engine: Engine) -> int:
    assert engine.pid is not None
    return engine.pid


def wait_ready(target: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    with grpc.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]  # it has no types
        while True:
            try:
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=1, wait_for_ready=True)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
            except grpc.RpcError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server did not become ready:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
