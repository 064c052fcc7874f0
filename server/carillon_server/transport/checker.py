"""Asks a message to keep its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from google.protobuf.message import Message

from carillon_server.domain.errors import FieldsInvalid
from carillon_server.services.ports import Clock
from carillon_server.transport.limits import LIMITS
from carillon_server.transport.time_limits import TIME_LIMITS
from carillon_server.transport.validation.rule import Violations

Check: TypeAlias = Callable[[Message], None]
"""Raises `FieldsInvalid` for a message that breaks a limit."""


class Checker:
    """The limits of all requests, at the time of the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def of(self, message_type: type[Message]) -> Check:
        """What checks messages of one type; those of other packages have no limits here."""
        rule, time_rule = LIMITS.get(message_type), TIME_LIMITS.get(message_type)
        if rule is None:
            return _allow
        if time_rule is None:
            return lambda message: _refuse(rule(message))
        return lambda message: _refuse(rule(message) or time_rule(message, self._clock()))


def _allow(_message: Message) -> None:
    """Nothing to say."""


def _refuse(violations: Violations) -> None:
    if violations:
        raise FieldsInvalid(violations)
