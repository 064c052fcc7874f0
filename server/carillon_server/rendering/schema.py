"""JSON Schemas of types: draft 2020-12, complete in themselves, cheap to check against.

Nothing is ever fetched: references lead inside the document, and the library is told to work offline besides.
Patterns run on an engine whose time grows with the text alone. What is said of data never quotes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
_Kind = jsonschema_rs.ValidationErrorKind


class CompiledSchema:
    """Implements `services.ports.SchemaValidator`."""

    def __init__(self, validator: jsonschema_rs.Draft202012Validator) -> None:
        self._validator = validator

    def violations(self, data: Mapping[str, Any]) -> Sequence[FieldViolation]:
        """See `services.ports.SchemaValidator`; at most 20."""
        if self._validator.is_valid(data):
            return ()
        errors = self._validator.iter_errors(data)
        found = (violation for error in errors for violation in _violations_of(error))
        return tuple(islice(found, MAX_VIOLATIONS))


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


def _violations_of(error: jsonschema_rs.ValidationError) -> Iterator[FieldViolation]:
    kind = error.kind
    path = path_of("data", error.instance_path)
    if isinstance(kind, _Kind.Required):
        yield FieldViolation(path_of(path, [kind.property]), "is required")
    elif isinstance(kind, _Kind.AdditionalProperties | _Kind.UnevaluatedProperties):
        for name in kind.unexpected:
            yield FieldViolation(path_of(path, [name]), "is not in the schema")
    elif isinstance(kind, _Kind.PropertyNames):
        yield FieldViolation(path, f"has a member whose name {_describe(kind.error)}")
    else:
        yield FieldViolation(path, _describe(error))


def _describe(error: jsonschema_rs.ValidationError) -> str:
    return _shorten(error.message.removeprefix(_MASK).strip())


def _shorten(text: str) -> str:
    line = text.partition("\n")[0]
    if len(line) <= MAX_DESCRIPTION_CHARACTERS:
        return line
    return f"{line[: MAX_DESCRIPTION_CHARACTERS - 1]}…"
