"""A process of the service, run under supervision."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.process import spawn, stop, tail


class Child:
    """One Python module run as a process, with settings from its environment and its output in a log."""

    def __init__(
        self,
        name: str,
        module: Sequence[str | Path],
        logs: Path,
        settings: Mapping[str, str],
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self.log.write_bytes(b"")
        self._command = (sys.executable, "-m", *module)
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **settings}
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start it, without waiting until it is ready."""
        self._process = spawn(self._command, log=self.log, environment=self._environment)

    def is_ready(self) -> bool:
        """Whether it does its work; raises `EmbeddedError` with its last words if it has ended."""
        if not self.running:
            raise self._ended()
        return self._ready()

    def has_succeeded(self) -> bool:
        """Whether it has ended well; raises `EmbeddedError` with its last words if it has ended badly."""
        if self.running:
            return False
        if self._process is None or self._process.returncode != 0:
            raise self._ended()
        return True

    def ask_to_stop(self) -> None:
        """Tell it to finish, without waiting."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, timeout_seconds: float = 20) -> None:
        """Tell it to finish and wait; kill it after the timeout."""
        if self._process is not None:
            stop(self._process, signal.SIGTERM, timeout_seconds)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _ended(self) -> EmbeddedError:
        return EmbeddedError(f"{self.name} failed; its log {self.log} ends with:\n{tail(self.log)}")
