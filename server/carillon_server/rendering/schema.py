"""JSON Schemas of types: draft 2020-12, complete in themselves, cheap to check against.

Nothing is ever fetched: references lead inside the document, and the library is told to work offline besides.
Patterns run on an engine whose time grows with the text alone. What is said of data never quotes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import jsonschema_rs

from carillon_server.domain.errors import FieldViolation
from carillon_server.rendering.schema_limits import check_limits
from carillon_server.rendering.schema_paths import path_of

MAX_VIOLATIONS = 20
MAX_DESCRIPTION_CHARACTERS = 200
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=1024 * 1024, dfa_size_limit=1024 * 1024)
_MASK = "the value"


class CompiledSchema:
    """Implements `services.ports.SchemaValidator`."""

    def __init__(self, validator: jsonschema_rs.Draft202012Validator) -> None:
        self._validator = validator

    def violations(self, data: Mapping[str, Any]) -> Sequence[FieldViolation]:
        """See `services.ports.SchemaValidator`; at most 20."""
        if self._validator.is_valid(data):
            return ()
        errors = islice(self._validator.iter_errors(data), MAX_VIOLATIONS)
        return tuple(_violation(error) for error in errors)


class SchemaCompiler:
    """Implements `services.ports.SchemaCompiler`."""

    def __call__(self, schema: Mapping[str, Any]) -> CompiledSchema:
        """Raises ValueError with a sentence that begins with the path: `properties.age.type: …`."""
        check_limits(schema)
        try:
            return CompiledSchema(
                jsonschema_rs.Draft202012Validator(
                    dict(schema),
                    offline=True,
                    pattern_options=_PATTERNS,
                    validate_formats=True,
                    mask=_MASK,
                )
            )
        except jsonschema_rs.ValidationError as error:
            path = path_of("", error.instance_path) or "$"
            raise ValueError(f"{path}: {_shorten(error.message)}") from None


def _violation(error: jsonschema_rs.ValidationError) -> FieldViolation:
    kind = error.kind
    path = path_of("data", error.instance_path)
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        return FieldViolation(path_of(path, [kind.property]), "is required")
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        return FieldViolation(path_of(path, kind.unexpected[:1]), "is not in the schema")
    return FieldViolation(path, _shorten(error.message.removeprefix(_MASK).strip()))


def _shorten(text: str) -> str:
    line = text.partition("\n")[0]
    if len(line) <= MAX_DESCRIPTION_CHARACTERS:
        return line
    return f"{line[: MAX_DESCRIPTION_CHARACTERS - 1]}…"
