"""The rule of a message: one rule per field, which fields are required, and what holds between fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from google.protobuf.message import Message

from carillon_server.domain.errors import FieldViolation
from carillon_server.transport.validation.rule import (
    FINE,
    MAX_VIOLATIONS,
    Rule,
    Violations,
    anything,
    read_only,
    under,
)

_REQUIRED = "is required"
_Part: TypeAlias = tuple[str, Rule, bool]


class MessageRule:
    """Callable like every rule, so that messages nest. Rules of fields see values that are set."""

    __slots__ = ("_plain", "_present", "_relations", "fields", "message_type")

    def __init__(
        self,
        message_type: type[Message],
        fields: Mapping[str, Rule],
        *,
        required: Sequence[str] = (),
        relations: Rule | None = None,
    ) -> None:
        """`fields`: a rule for every field of the type. `relations` is asked when each by itself is fine."""
        self.message_type = message_type
        self.fields = fields
        self._relations = relations
        asked = [name for name in fields if fields[name] not in (anything, read_only) or name in required]
        parts: list[_Part] = [(name, fields[name], name in required) for name in asked]
        with_presence = {field.name for field in message_type.DESCRIPTOR.fields if field.has_presence}
        self._plain = tuple(part for part in parts if part[0] not in with_presence)
        self._present = tuple(part for part in parts if part[0] in with_presence)

    def __call__(self, message: Message) -> Violations:
        found: Violations = FINE
        for name, rule, required in self._plain:
            value = getattr(message, name)
            if value:
                violations = rule(value)
                if violations:
                    found = [*found, *under(name, violations)]
            elif required:
                found = [*found, FieldViolation(name, _REQUIRED)]
        for name, rule, required in self._present:
            if message.HasField(name):
                violations = rule(getattr(message, name))
                if violations:
                    found = [*found, *under(name, violations)]
            elif required:
                found = [*found, FieldViolation(name, _REQUIRED)]
        if found:
            return found[:MAX_VIOLATIONS]
        return self._relations(message) if self._relations is not None else FINE
