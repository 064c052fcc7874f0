"""What both engines have in common: one server process over one directory, under one supervisor."""

from __future__ import annotations

import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

from carillon_server.embedded.access import Access
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.private_file import private_directory
from carillon_server.embedded.process import tail

_POLL_SECONDS = 0.01


class Engine(ABC):
    """A server with its data, log, port and password in one directory."""

    name: str

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.log = self.directory / "server.log"
        self._access: Access | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for the service, with its password."""

    @property
    def access(self) -> Access:
        """How to reach the server; its port is settled by the first start and stays for the next ones."""
        self._access = self._access or Access.read(self.directory)
        return self._access

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether the process that was started is still there."""
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start the server without waiting for it, after ending whatever a dead supervisor left behind."""
        private_directory(self.directory)
        self._prepare()
        # A restart keeps the port, for those who know the address; only a new supervisor may change it.
        self._access = self._access or Access.settle(self.directory)
        self.log.write_bytes(b"")
        self._process = self._launch()

    def wait_ready(self, timeout_seconds: float = 30) -> None:
        """Return when the server answers; raises `EmbeddedError` with its last words when it does not."""
        deadline = time.monotonic() + timeout_seconds
        while not self.answers():
            if not self.running or time.monotonic() > deadline:
                raise EmbeddedError(
                    f"{self.name} did not start; its log {self.log} ends with:\n{tail(self.log)}"
                )
            time.sleep(_POLL_SECONDS)

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server does its work, found out by connecting."""

    @abstractmethod
    def stop(self) -> None:
        """End the server; what it was told is on disk afterwards."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make the files and end leftovers."""

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the process."""
