"""Notices that nothing comes any more, where a blocked thread cannot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_CHECKS_PER_LIMIT = 10


class Watchdog:
    """Calls `give_up` once a single wait has lasted longer than `limit_seconds`.

    Only waits count, not the time between them, in which the reader is busy. One thread watches all waits of
    one stream, until `stop`.
    """

    def __init__(self, limit_seconds: float, give_up: Callable[[], object]) -> None:
        self._limit_seconds = limit_seconds
        self._give_up = give_up
        self._waiting_since: float | None = None
        self._stopped = threading.Event()
        self.fired = False
        threading.Thread(target=self._watch, name="carillon-watchdog", daemon=True).start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Watches the block."""
        self._waiting_since = time.monotonic()
        try:
            yield
        finally:
            self._waiting_since = None

    def stop(self) -> None:
        """Ends the thread."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(self._limit_seconds / _CHECKS_PER_LIMIT):
            since = self._waiting_since
            if since is not None and time.monotonic() - since > self._limit_seconds:
                self.fired = True
                self._give_up()
                return
