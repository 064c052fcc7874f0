"""The rule of a message: one rule per field, which fields are required, and what holds between fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.protobuf.message import Message

from carillon_server.domain.errors import FieldViolation
from carillon_server.transport.validation.rule import FINE, MAX_VIOLATIONS, Rule, Violations, under

_REQUIRED = "is required"


@dataclass(frozen=True, slots=True)
class MessageRule:
    """Callable like every rule, so that messages nest.

    Only fields that are set are looked at, which makes the cost that of the message and not of its type.
    """

    fields: Mapping[str, Rule]
    """Every field of the type has one."""
    required: tuple[str, ...] = ()
    relations: Rule | None = None
    """Asked when every field by itself is fine."""
    _required: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_required", frozenset(self.required))

    def __call__(self, message: Message) -> Violations:
        missing = self._required
        found: list[FieldViolation] = []
        for descriptor, value in message.ListFields():
            name = descriptor.name
            missing -= {name}
            violations = self.fields[name](value)
            if violations:
                found.extend(under(name, violations))
        found.extend(FieldViolation(name, _REQUIRED) for name in sorted(missing))
        if found:
            return found[:MAX_VIOLATIONS]
        return self.relations(message) if self.relations is not None else FINE
