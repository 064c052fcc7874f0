"""The engine: Jinja2 over plain data alone.

Its sandbox guards objects; here there are none to guard. A context holds JSON values, members are looked up
in maps only, nothing can be called, and operators take what they are for: `*` and `%` numbers, never texts.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from jinja2 import BaseLoader, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from carillon_server.rendering.template import names
from carillon_server.rendering.template.failure import TemplateFault, forbidden, invalid
from carillon_server.rendering.template.filters.table import FILTERS
from carillon_server.rendering.template.grammar import find_faults
from carillon_server.rendering.template.missing import Missing, MissingValue

_LARGEST_NUMBER = 10**30
_PRINTED = (str, int, float)
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "*": operator.mul,
    "%": operator.mod,
    "/": operator.truediv,
    "//": operator.floordiv,
}


class PlainEnvironment(ImmutableSandboxedEnvironment):
    """Compiles and runs templates over plain data."""

    intercepted_binops = frozenset(_OPERATORS)

    def __init__(self, *, escapes: bool, loader: BaseLoader | None = None) -> None:
        super().__init__(
            autoescape=escapes,
            undefined=Missing,
            finalize=_finalize,
            loader=loader,
            optimized=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            auto_reload=False,
            cache_size=-1,
        )
        self.globals = {}
        self.filters = {name: FILTERS[name] for name in names.FILTERS}
        self.tests = {name: self.tests[name] for name in names.TESTS} | {"none": _is_none}
        self.policies["json.dumps_kwargs"] = {"sort_keys": False}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Every template comes by here, partials too."""
        tree = super()._parse(source, name, filename)
        for fault in find_faults(tree):
            raise fault
        return tree

    def read(self, source: str) -> nodes.Template:
        """The tree of a source that may hold what is not allowed."""
        return super()._parse(source, None, None)

    def getattr(self, obj: Any, attribute: str) -> Any:
        return _member(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return _member(obj, argument)

    def call(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise forbidden("nothing can be called")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        for value in (left, right):
            if isinstance(value, Missing):
                raise MissingValue(value)
            if not isinstance(value, int | float):
                raise forbidden(f"{operator} takes numbers")
        result = _OPERATORS[operator](left, right)
        if abs(result) > _LARGEST_NUMBER:
            raise invalid("a number is too large")
        return result


def _member(container: Any, name: Any) -> Any:
    """A member of a map, an item of a list or text; what is null or not there is missing."""
    if isinstance(container, dict):
        value = container.get(name) if isinstance(name, str) else None
    elif isinstance(container, list | tuple | str):
        value = _item(container, name)
    elif isinstance(container, Missing):
        return container.member(name)
    elif isinstance(container, LoopContext) and name in names.LOOP_MEMBERS:
        value = getattr(container, name)
    else:
        value = None
    return Missing(obj=container, name=name) if value is None else value


def _item(container: Any, place: Any) -> Any:
    if isinstance(place, slice) or (isinstance(place, int) and -len(container) <= place < len(container)):
        return container[place]
    return None


def _finalize(value: Any) -> Any:
    """What is printed: texts and numbers; `True` in the way of JSON, whole numbers without a fraction."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, Missing):
        raise MissingValue(value)
    if not isinstance(value, _PRINTED):
        raise invalid("a list or object cannot be printed: print its members")
    return value


def _is_none(value: object) -> bool:
    return value is None or isinstance(value, Missing)


_MEANINGS: Mapping[type[Exception], str] = {
    ZeroDivisionError: "something is divided by zero",
    OverflowError: "a number is too large",
}


def fault_of(error: Exception) -> TemplateFault:
    """What an error inside a template means to people, without the values that it may quote."""
    if isinstance(error, TemplateFault):
        return error
    if isinstance(error, TemplateNotFound):
        return forbidden("there is no such partial")
    if isinstance(error, TemplateSyntaxError):
        return forbidden(f"it does not parse: {error.message}", error.lineno)
    if isinstance(error, RecursionError):
        return forbidden("it is nested too deeply")
    kind = type(error)
    return invalid(_MEANINGS.get(kind, f"a value does not fit where it is used ({kind.__name__})"))
