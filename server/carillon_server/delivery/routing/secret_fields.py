"""Which settings are secrets, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr

_SECRET = (SecretStr, SecretBytes)


def secret_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields in which there is a secret, however deep."""
    return frozenset(name for name, field in model.model_fields.items() if _is_secret(field.annotation))


def reveal(value: Any) -> Any:
    """The value as it was configured, with its secrets."""
    match value:
        case SecretStr() | SecretBytes():
            return value.get_secret_value()
        case BaseModel():
            return {name: reveal(getattr(value, name)) for name in sorted(value.model_fields_set)}
        case Mapping():
            return {key: reveal(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [reveal(item) for item in value]
        case _:
            return value


def texts_of(value: object) -> Iterator[str]:
    """All texts in a value, however deep."""
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from texts_of(item)
        case list() | tuple():
            for item in value:
                yield from texts_of(item)
        case _:
            return


def _is_secret(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, _SECRET):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return bool(secret_fields(annotation))
    return any(_is_secret(argument) for argument in get_args(annotation))
