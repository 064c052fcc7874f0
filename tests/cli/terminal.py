"""The command as people run it: a process of its own on a terminal."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.eventually import wait_until

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """One command on a terminal of 120 columns."""

    def __init__(self, arguments: Sequence[str | Path]) -> None:
        self._screen = bytearray()
        self._control, terminal = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "carillon_server", *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**os.environ, "COLUMNS": "120", "TERM": "xterm-256color"},
        )
        os.close(terminal)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def colourful(self) -> bool:
        return _CONTROL.search(self._raw) is not None

    @property
    def text(self) -> str:
        """What it shows, without colours."""
        return _CONTROL.sub("", self._raw)

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.text, within_seconds=20)

    def press_control_c(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def finish(self) -> int:
        """Waits for its end: the exit code."""
        code = self._process.wait(20)
        self._reader.join()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self.finish()
        os.close(self._control)

    @property
    def _raw(self) -> str:
        return self._screen.decode(errors="replace")

    def _read(self) -> None:
        while True:
            try:
                self._screen += os.read(self._control, 65_536)
            except OSError:  # the last process on the terminal has ended
                return
