"""The largest and the smallest data that a type's schema allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BY_FORMAT = {
    "date": "2026-12-30",
    "date-time": "2026-12-30T22:30:00Z",
    "email": f"{'a' * 40}@{'b' * 57}.example.com",
    "uri": "https://example.com/x",
    "uri-reference": "/x",
}
_MANY = 12_345_678
_ITEMS = 5


def largest(schema: Mapping[str, Any]) -> Any:
    """Everything there, texts as long as they may be."""
    if "enum" in schema:
        return max(schema["enum"], key=len)
    match schema["type"]:
        case "string":
            return _text(schema, schema.get("maxLength", 100))
        case "integer" | "number":
            return schema.get("maximum", _MANY)
        case "array":
            return [largest(schema["items"])] * min(schema["maxItems"], _ITEMS)
    return {name: largest(member) for name, member in schema["properties"].items()}


def smallest(schema: Mapping[str, Any]) -> Any:
    """Nothing there that need not be, texts as short as they may be."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "string":
            return _text(schema, schema.get("minLength", 0))
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "array":
            return [smallest(schema["items"])] * schema.get("minItems", 0)
    return {name: smallest(schema["properties"][name]) for name in schema["required"]}


def _text(schema: Mapping[str, Any], length: int) -> str:
    if "format" in schema:
        return _BY_FORMAT[schema["format"]]
    if "pattern" in schema:
        return "EUR"
    # Words of one letter: nothing can be cut off between them.
    return ("W " * length)[: max(length - 1, 0)] + "W" * min(length, 1)
