"""Values that are not there.

A member that is absent, or null, is false, equals none, and can be asked for; its members are missing too.
Whoever would print it or reckon with it is told what was missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from jinja2 import Undefined
from jinja2.utils import missing as _top_level

from carillon_server.rendering.template.failure import UNDEFINED, TemplateFault


class MissingValue(TemplateFault):
    """Something that is missing was used."""

    def __init__(self, value: Missing | None) -> None:
        super().__init__(UNDEFINED, "a value is missing")
        self.value = value


class Missing(Undefined):
    """What a template gets in place of a value that is not there."""

    __slots__ = ()

    def _fail(self, *_arguments: object, **_options: object) -> NoReturn:
        raise MissingValue(self)

    def member(self, name: object) -> Missing:
        """A member of what is missing."""
        return Missing(obj=self, name=name)  # type: ignore[arg-type]  # only told, never used as a name

    def path(self, roots: Mapping[str, Any]) -> str:
        """`project.name`: how templates call it. Containers are looked for in `roots`, the variables."""
        name, parent = self._undefined_name, self._undefined_obj
        if parent is _top_level or name is None:
            return str(name or "")
        above = parent.path(roots) if isinstance(parent, Missing) else _find(parent, roots)
        return _join(above, name)

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Missing)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(None)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _fail
    __pos__ = __neg__ = __call__ = __getitem__ = __pow__ = __rpow__ = _fail
    __lt__ = __le__ = __gt__ = __ge__ = _fail
    __int__ = __float__ = __complex__ = __index__ = __round__ = __abs__ = _fail

    # The base class has these with types that a plain assignment does not fit.
    def __str__(self) -> str:  # noqa: PLE0307 - it never returns
        self._fail()

    def __len__(self) -> int:  # noqa: PLE0303 - it never returns
        self._fail()

    def __iter__(self) -> Iterator[Any]:
        self._fail()

    def __contains__(self, _item: object) -> bool:
        self._fail()


def _join(above: str, name: object) -> str:
    if isinstance(name, int):
        return f"{above}[{name}]"
    return f"{above}.{name}" if above else str(name)


def _find(container: object, roots: Mapping[str, Any]) -> str:
    """Where the container is among the variables; empty where it cannot be told."""
    waiting: list[tuple[str, Any]] = [("", roots)]
    while waiting:
        path, value = waiting.pop()
        if value is container:
            return path
        waiting.extend((_join(path, key), item) for key, item in _items(value))
    return ""


def _items(value: object) -> Sequence[tuple[object, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []
