"""Starts again what ends, and stops everything in order.

One loop in the main thread looks at every part twenty times a second. A part that ends is started again after
a delay that doubles with each quick end and starts over when it has run for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from carillon_server.embedded.backoff import Backoff
from carillon_server.embedded.errors import EmbeddedError
from carillon_server.embedded.process import trim

_POLL_SECONDS = 0.05


class Part(Protocol):
    """Something that runs as a process: an engine or a child."""

    @property
    def name(self) -> str: ...

    @property
    def pid(self) -> int | None: ...

    @property
    def running(self) -> bool: ...

    @property
    def log(self) -> Path: ...

    def spawn(self) -> None: ...


class Supervisor:
    """Watches parts that were started, until it is asked to stop."""

    def __init__(self, parts: Sequence[Part], report: Callable[[str], None]) -> None:
        self._watches = [_Watch(part, report) for part in parts]

    def run(self, stopping: threading.Event, on_restart: Callable[[], None]) -> None:
        """Return when `stopping` is set; `on_restart` is called after each time that parts were started."""
        while not stopping.wait(_POLL_SECONDS):
            now = time.monotonic()
            if sum(watch.restart_if_due(now) for watch in self._watches):
                on_restart()


class _Watch:
    """One part and when it may be started again."""

    def __init__(self, part: Part, report: Callable[[str], None]) -> None:
        self._part = part
        self._report = report
        self._started = time.monotonic()
        self._backoff = Backoff()
        self._due: float | None = None

    def restart_if_due(self, now: float) -> bool:
        if self._part.running:
            trim(self._part.log)
            return False
        if self._due is None:
            self._plan(now)
            return False
        return now >= self._due and self._restart(now)

    def _plan(self, now: float) -> None:
        delay_seconds = self._backoff.after(now - self._started)
        self._due = now + delay_seconds
        self._report(f"the {self._part.name} ended; starting it again in {delay_seconds:.1f} s")

    def _restart(self, now: float) -> bool:
        self._started, self._due = now, None
        try:
            self._part.spawn()
        except (EmbeddedError, OSError) as error:
            self._report(f"the {self._part.name} could not be started: {error}")
            return False
        return True
