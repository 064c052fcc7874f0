"""What use cases need of the layers above them; wired in `app.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from carillon_server.domain.notification import InboxChange


class Clock(Protocol):
    """Tells the time, with a zone."""

    def __call__(self) -> datetime: ...


class ChangePublisher(Protocol):
    """Tells live streams and other processes what was committed. Never raises, never waits: a lost hint is
    found by polling.
    """

    def __call__(self, changes: Sequence[InboxChange]) -> None: ...


class WorkerWaker(Protocol):
    """Tells workers that deliveries are due. Never raises, never waits: a lost wake-up is found by the
    sweeper.
    """

    def __call__(self) -> None: ...
