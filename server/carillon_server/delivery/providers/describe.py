"""Tells operators about a kind of providers, out of the schema of its settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from carillon_server.delivery.providers.provider import ProviderKind
from carillon_server.domain.provider_kind import ProviderField, ProviderKindInfo


def describe_kind(kind: ProviderKind[Any]) -> ProviderKindInfo:
    """Its name, channels and fields."""
    schema = kind.settings.model_json_schema()
    definitions = schema.get("$defs", {})
    required = frozenset(schema.get("required", ()))
    return ProviderKindInfo(
        name=kind.name,
        channels=tuple(sorted(kind.channels)),
        fields=tuple(
            _describe_field(name, _resolve(field, definitions), name in required)
            for name, field in schema.get("properties", {}).items()
        ),
        has_callbacks=kind.read_callback is not None,
        at_most_once=kind.at_most_once,
    )


def _describe_field(name: str, schema: Mapping[str, Any], required: bool) -> ProviderField:  # noqa: FBT001 - as the schema says it
    secret = _holds_secret(schema)
    default = schema.get("default")
    return ProviderField(
        name=name,
        description=schema.get("description", ""),
        required=required,
        secret=secret,
        type=_type_of(schema),
        default="" if secret or default is None else json.dumps(default, ensure_ascii=False),
    )


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference stands for, under its own description and default."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return {**definitions[name], **schema} if name in definitions else schema


def _parts(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]


def _holds_secret(schema: Mapping[str, Any]) -> bool:
    """Also where it is in a list or a map."""
    return any(
        holder.get("writeOnly", False)
        for part in _parts(schema)
        for holder in (part, part.get("items"), part.get("additionalProperties"))
        if isinstance(holder, dict)
    )


def _type_of(schema: Mapping[str, Any]) -> str:
    return "|".join(dict.fromkeys(str(part.get("type", "string")) for part in _parts(schema)))
