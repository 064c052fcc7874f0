"""Says in plain words what is wrong with the settings of a provider, without telling what is in a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from carillon_server.delivery.routing.secret_fields import secret_fields, texts_of
from carillon_server.domain.errors import FieldViolation

_MAX_VIOLATIONS = 20
_MAX_CHARACTERS = 200
# What is refused travels in headers, which have little room.
_MAX_NAME_CHARACTERS = 50
_PLAIN = {
    "missing": "is required",
    "extra_forbidden": "is no setting of this kind",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
}
_BOUNDS = {"too_short": ("min_length", "at least"), "too_long": ("max_length", "at most")}


def describe_violations(
    error: ValidationError, model: type[BaseModel], settings: Mapping[str, Any]
) -> list[FieldViolation]:
    """One for each thing that is wrong, at most 20."""
    secret = secret_fields(model)
    hidden = {text for name in secret for text in texts_of(settings.get(name)) if text}
    details = error.errors(include_url=False, include_input=False)[:_MAX_VIOLATIONS]
    return [FieldViolation(_path(each["loc"]), _describe(each, hidden)) for each in details]


def _path(location: Sequence[int | str]) -> str:
    """As `settings.servers[0].host`; names that the caller made up are cut."""
    return "settings" + "".join(f"[{part}]" if isinstance(part, int) else _step(part) for part in location)


def _step(name: str) -> str:
    return f".{name}" if len(name) <= _MAX_NAME_CHARACTERS else f".{name[:_MAX_NAME_CHARACTERS]}…"


def _describe(details: ErrorDetails, hidden: set[str]) -> str:
    plain = _PLAIN.get(details["type"])
    if plain is not None:
        return plain
    if details["type"] in _BOUNDS:
        name, bound = _BOUNDS[details["type"]]
        return f"must have {bound} {details['ctx'][name]} items"
    text = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    # A check that a kind brings along may quote what it was given.
    if any(secret in text for secret in hidden):
        return "is invalid"
    text = text.replace("Input should", "should")
    return (text[:1].lower() + text[1:])[:_MAX_CHARACTERS]
