"""Everything that `carillon up` runs: engines, server, worker, gateway, mail sink and far side.

What nobody waits for starts first, then the engines, the migrations and the service. It stops backwards: the
service finishes its work while the engines still run.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from carillon_server.embedded import dev_identity, environment
from carillon_server.embedded.child import Child
from carillon_server.embedded.data_dir import DataDir
from carillon_server.embedded.endpoints import Endpoints, Ports, address
from carillon_server.embedded.engine import Engine
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.far_side_keys import FarSideKeys
from carillon_server.embedded.ports import HOST, accepts
from carillon_server.embedded.postgres import Postgres
from carillon_server.embedded.private_file import private_directory
from carillon_server.embedded.schema_stamp import SchemaStamp
from carillon_server.embedded.supervisor import Part, Supervisor
from carillon_server.embedded.valkey import Valkey

_START_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 0.02
# They stop last: the service still hands over what is under way.
_OUTSIDE = ("mail", "far-side")


class InterruptedStartError(Exception):
    """Somebody asked to stop before everything was ready."""


@dataclass(frozen=True)
class ExternalEngines:
    """Addresses of engines that run elsewhere; empty: an embedded one is started."""

    database_url: str = ""
    redis_url: str = ""


class Stack:
    """The parts and their order. For the main thread of the one process that holds the directory's lock."""

    def __init__(
        self,
        directory: DataDir,
        ports: Ports,
        external: ExternalEngines,
        stopping: threading.Event,
        report: Callable[[str], None],
        server_processes: int = 1,
    ) -> None:
        private_directory(directory.logs)
        dev_identity.ensure_keys(directory.identity)
        self.endpoints = Endpoints(ports, dev_identity.demo_tokens(directory.identity))
        self._directory = directory
        self._logs = directory.logs
        self._external = external
        self._stopping = stopping
        self._report = report
        self._server_processes = server_processes
        self._engines: list[Engine] = []
        self._children: list[Child] = []
        self._deadline = time.monotonic() + _START_TIMEOUT_SECONDS

    def start(self) -> None:
        """Return when every part does its work.

        Raises `EmbeddedError` naming the part that does not, `InterruptedStartError` when asked to stop.
        """
        # One that a killed `up` left would be taken for this one's.
        self._directory.endpoints.unlink(missing_ok=True)
        mail = self._spawn_mail_sink()
        far_side = self._spawn_far_side()
        gateway = self._spawn_gateway()
        # Importing gRPC takes a while, so this starts early; it waits for the server by itself.
        demo = self._spawn_demo()
        settings = self._start_engines()
        server = self._spawn(Child("server", ["carillon_server", "serve"], self._logs, settings))
        worker = self._spawn(Child("worker", ["carillon_server", "worker"], self._logs, settings))
        parts = (mail, far_side, gateway, server, worker)
        self._wait(*(part.is_ready for part in parts), demo.has_succeeded)
        self._children.remove(demo)
        self._tell()

    def run(self) -> None:
        """Keep every part running until asked to stop."""
        Supervisor(self._parts(), self._report).run(self._stopping, self._tell)

    def stop(self) -> None:
        """End everything: the service first, while it can still finish its work, the engines last."""
        self._directory.endpoints.unlink(missing_ok=True)
        service = [child for child in self._children if child.name not in _OUTSIDE]
        for child in service:
            child.ask_to_stop()
        for child in [*service, *self._children]:
            child.stop()
        for engine in reversed(self._engines):
            engine.stop()

    def kill_children(self) -> None:
        """Wait no longer for the service to finish its work."""
        for child in self._children:
            child.kill()

    def _spawn_mail_sink(self) -> Child:
        port = self.endpoints.ports.smtp
        module = ("carillon_server.embedded.mail_sink", str(port), self._directory.mail)
        return self._spawn(Child("mail", module, self._logs, {}, lambda: accepts(port)))

    def _spawn_far_side(self) -> Child:
        port = self.endpoints.ports.far_side
        directory = self._directory
        FarSideKeys.ensure(directory.far_side)
        module = ("carillon_server.embedded.far_side", str(port), directory.far_side, directory.messages)
        return self._spawn(Child("far-side", module, self._logs, {}, lambda: accepts(port)))

    def _spawn_gateway(self) -> Child:
        settings = environment.gateway(self._directory, self.endpoints)
        port = self.endpoints.ports.http
        return self._spawn(
            Child("gateway", ["carillon_gateway"], self._logs, settings, lambda: _is_healthy(port))
        )

    def _spawn_demo(self) -> Child:
        settings, ports = environment.demo_tenant(self.endpoints), self.endpoints.ports
        command = (
            "carillon_server.embedded.demo_tenant",
            address(ports.grpc),
            str(ports.far_side),
            self._directory.far_side,
        )
        return self._spawn(Child("demo", command, self._logs, settings))

    def _start_engines(self) -> dict[str, str]:
        postgres = None if self._external.database_url else Postgres(self._directory.postgres)
        valkey = None if self._external.redis_url else Valkey(self._directory.valkey)
        for engine in filter(None, (valkey, postgres)):
            self._engines.append(engine)
            engine.spawn()
        for engine in self._engines:
            engine.wait_ready()
        settings = environment.service(
            self._directory,
            self.endpoints,
            postgres.url if postgres else self._external.database_url,
            valkey.url if valkey else self._external.redis_url,
            self._server_processes,
        )
        self._migrate(settings, SchemaStamp(postgres) if postgres else None)
        return settings

    def _migrate(self, settings: Mapping[str, str], stamp: SchemaStamp | None) -> None:
        if stamp and stamp.fits():
            return
        migrations = self._spawn(Child("migrations", ["carillon_server", "migrate"], self._logs, settings))
        self._wait(migrations.has_succeeded)
        self._children.remove(migrations)
        if stamp:
            stamp.write()

    def _spawn(self, child: Child) -> Child:
        self._children.append(child)
        child.spawn()
        return child

    def _wait(self, *conditions: Callable[[], bool]) -> None:
        while not all(condition() for condition in conditions):
            if self._stopping.wait(_POLL_SECONDS):
                raise InterruptedStartError
            if time.monotonic() > self._deadline:
                raise EmbeddedError(f"not ready in {_START_TIMEOUT_SECONDS} s; the logs are in {self._logs}")

    def _parts(self) -> list[Part]:
        return [*self._engines, *self._children]

    def _tell(self) -> None:
        pids = {part.name: part.pid for part in self._parts()}
        self.endpoints.write(self._directory.endpoints, pids)


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
