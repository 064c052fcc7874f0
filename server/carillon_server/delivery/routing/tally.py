"""What became of the messages that one provider was given lately."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from carillon_server.domain.outcome import Delivered, Outcome
from carillon_server.domain.rolling_count import RollingCount
from carillon_server.services.ports import Clock


class Tally:
    """For operators: nothing is decided by it."""

    def __init__(self, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._sent = RollingCount()
        self._failed = RollingCount()
        self.last_success_time: datetime | None = None
        self.last_error_time: datetime | None = None
        self.last_error_class = ""

    @property
    def sent(self) -> int:
        return self._sent.total(self._monotonic())

    @property
    def failed(self) -> int:
        return self._failed.total(self._monotonic())

    def count(self, outcome: Outcome) -> None:
        if isinstance(outcome, Delivered):
            self._sent.add(self._monotonic())
            self.last_success_time = self._clock()
        else:
            self._failed.add(self._monotonic())
            self.last_error_time = self._clock()
            self.last_error_class = outcome.error_class
