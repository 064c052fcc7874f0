"""The server that the crowd's streams are on: one of its own, on a port that it keeps."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from signal import SIGTERM
from subprocess import Popen

from benchmarks.service import Service, wait_ready
from carillon_server.embedded.ports import free_port
from carillon_server.embedded.process import spawn, stop

_READY_SECONDS = 30.0


class CrowdServer:
    """One process, on a port that it keeps when it is started again."""

    def __init__(self, service: Service, module: Sequence[str]) -> None:
        self.port = free_port()
        self.target = f"127.0.0.1:{self.port}"
        self._service = service
        self._command = [sys.executable, "-m", *module]
        self._log = service.directory / f"crowd-{self.port}.log"
        self._child: Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        addresses = {
            "CARILLON_GRPC_ADDRESS": self.target,
            "CARILLON_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
            "CARILLON_DRAIN_SECONDS": "0",
        }
        environment = os.environ | self._service.environment | addresses
        self._child = spawn(self._command, log=self._log, environment=environment)

    def wait_ready(self) -> None:
        wait_ready(self.target, self._log)

    def wait_listening(self) -> None:
        """As `wait_ready`, to the moment: a channel of gRPC would wait ever longer between its tries."""
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if time.monotonic() > deadline:
                raise TimeoutError(self._log.read_text())
            time.sleep(0.01)

    def wait_said(self, word: str) -> None:
        """As `wait_ready`, for a server without health."""
        deadline = time.monotonic() + _READY_SECONDS
        while word not in self._log.read_text():
            if time.monotonic() > deadline:
                raise TimeoutError(self._log.read_text())
            time.sleep(0.05)

    def kill(self) -> None:
        assert self._child is not None
        self._child.kill()
        self._child.wait()

    def stop(self) -> None:
        if self._child is not None:
            stop(self._child, SIGTERM, 20.0)


@contextmanager
def crowd_server(service: Service) -> Iterator[CrowdServer]:
    server = CrowdServer(service, ["carillon_server", "serve"])
    with _running(server):
        server.wait_ready()
        yield server


@contextmanager
def bare_server(service: Service, messages_per_second: int = 0) -> Iterator[CrowdServer]:
    server = CrowdServer(service, ["benchmarks.bare_streams", str(messages_per_second)])
    with _running(server):
        server.wait_said("ready")
        yield server


@contextmanager
def _running(server: CrowdServer) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop()
