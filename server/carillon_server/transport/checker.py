"""Asks a message to keep its limits."""

from __future__ import annotations

from google.protobuf.message import Message

from carillon_server.domain.errors import FieldsInvalid
from carillon_server.services.ports import Clock
from carillon_server.transport.limits import LIMITS
from carillon_server.transport.time_limits import TIME_LIMITS
from carillon_server.transport.validation.rule import FINE, Violations


class Checker:
    """The limits of all requests, at the time of the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def check(self, message: Message) -> None:
        """Raises `FieldsInvalid`; messages of other packages have no limits here."""
        violations = self._violations(message)
        if violations:
            raise FieldsInvalid(violations)

    def _violations(self, message: Message) -> Violations:
        kind = type(message)
        rule = LIMITS.get(kind)
        if rule is None:
            return FINE
        found = rule(message)
        if found or kind not in TIME_LIMITS:
            return found
        return TIME_LIMITS[kind](message, self._clock())
