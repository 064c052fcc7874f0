"""Options that several commands share, as dataclasses.

A command takes such a group as one parameter; `expand_groups` shows the group's fields to typer as options
of their own. Each field is annotated like any typer parameter and has a default.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeGuard, TypeVar, get_type_hints

Result = TypeVar("Result")


def expand_groups(command: Callable[..., Result]) -> Callable[..., Result]:
    """The same command with the fields of its groups as keyword parameters."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if _is_group(kind)}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name in groups:
            parameters.extend(_options(groups[parameter.name]))
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))

    @wraps(command)
    def expanded(**arguments: Any) -> Result:
        for name, kind in groups.items():
            fields = [field.name for field in dataclasses.fields(kind)]
            arguments[name] = kind(**{field: arguments.pop(field) for field in fields})
        return command(**arguments)

    return present(expanded, parameters)


def present(function: Callable[..., Result], parameters: list[inspect.Parameter]) -> Callable[..., Result]:
    """Makes typer see these parameters instead of those that the function was written with."""
    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    function.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]  # functions take attributes
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return function


def _is_group(annotation: object) -> TypeGuard[type]:
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation)


def _options(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in dataclasses.fields(group)
    ]
