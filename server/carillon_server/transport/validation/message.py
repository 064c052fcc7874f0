"""The rule of a message: one rule per field, which fields are required, and what holds between fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from carillon_server.domain.errors import FieldViolation
from carillon_server.transport.validation.rule import FINE, MAX_VIOLATIONS, Rule, Violations, under

_REQUIRED = "is required"
_NONE: Sequence[FieldViolation] = ()


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

    def __call__(self, message: Message) -> Violations:
        fields, found, missing = self.fields, _NONE, len(self.required)
        for descriptor, value in message.ListFields():
            name = descriptor.name
            if name in self.required:
                missing -= 1
            violations = fields[name](value)
            if violations:
                found = [*found, *under(name, violations)]
        if missing:
            found = [*found, *self._missing(message)]
        if found:
            return found[:MAX_VIOLATIONS]
        return self.relations(message) if self.relations is not None else FINE

    def _missing(self, message: Message) -> list[FieldViolation]:
        present = {descriptor.name for descriptor, _ in message.ListFields()}
        return [FieldViolation(name, _REQUIRED) for name in self.required if name not in present]
