"""Conditions of topic members: `severity in ["high", "critical"] and not draft`, over the `data` of a Send.

A small language with a parser of its own: comparisons, `and`, `or`, `not`, parentheses, literals as in JSON,
and paths into the data. Evaluating never fails: what is absent is null, and comparing what cannot be compared
is false. See `docs/reference/conditions.md`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

MAX_CHARACTERS = 500
MAX_DEPTH = 16
"""Of parentheses, lists and `not` within each other."""
_MAX_REMEMBERED = 4_096

Data: TypeAlias = Mapping[str, Any]
_Evaluate: TypeAlias = Callable[[Data], Any]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<path>[A-Za-z_]\w*(?:\.[A-Za-z_0-9]\w*)*)
    | (?P<string>"(?:[^"\\]|\\["'\\])*"|'(?:[^'\\]|\\["'\\])*')
    | (?P<operator>==|!=|<=|>=|<|>)
    | (?P<mark>[()\[\],])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(.)")
_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
_WORDS = frozenset({"and", "or", "not", "in"})


class ConditionError(ValueError):
    """The text is no condition; the message says what is wrong and at which character."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition."""

    text: str
    _evaluate: _Evaluate

    def holds(self, data: Data) -> bool:
        """For these values; never raises."""
        return _truth(self._evaluate(data))


@lru_cache(maxsize=_MAX_REMEMBERED)
def parse_condition(text: str) -> Condition:
    """Raises `ConditionError`. Members of a topic mostly share a few conditions, so each is parsed once."""
    if len(text) > MAX_CHARACTERS:
        raise ConditionError(f"is longer than {MAX_CHARACTERS} characters")
    return Condition(text, _Parser(text).parse())


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while True:
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            start = len(text) - len(text[place:].lstrip())
            raise ConditionError(f"makes no sense at character {start + 1}")
        kind, word = match.lastgroup, match[match.lastgroup]
        if kind == "path" and word in _WORDS:
            kind = "word"
        yield _Token(kind, word, match.start(match.lastgroup))
        if kind == "end":
            return
        place = match.end()


class _Parser:
    """Recursive descent: or, and, not, comparison, operand; each method takes what is its own."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)
        self._depth = 0

    def parse(self) -> _Evaluate:
        whole = self._either()
        if self._next.kind != "end":
            self._refuse("`and`, `or` or the end")
        return whole

    def _either(self) -> _Evaluate:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda data: any(_truth(part(data)) for part in parts)

    def _both(self) -> _Evaluate:
        parts = [self._negation()]
        while self._take("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda data: all(_truth(part(data)) for part in parts)

    def _negation(self) -> _Evaluate:
        if not self._take("not"):
            return self._comparison()
        inner = self._deeper(self._negation)
        return lambda data: not _truth(inner(data))

    def _comparison(self) -> _Evaluate:
        left = self._operand()
        compare = self._comparator()
        if compare is None:
            return left
        right = self._operand()
        return lambda data: compare(left(data), right(data))

    def _comparator(self) -> Callable[[Any, Any], bool] | None:
        if self._next.kind == "operator":
            return _COMPARATORS[self._advance().text]
        if self._take("in"):
            return _contained
        if self._take("not"):
            if not self._take("in"):
                self._refuse("`in`")
            return lambda left, right: not _contained(left, right)
        return None

    def _operand(self) -> _Evaluate:
        if self._take("("):
            inner = self._deeper(self._either)
            self._expect(")")
            return inner
        if self._take("["):
            return self._deeper(self._list)
        if self._next.kind not in ("number", "string", "path"):
            self._refuse("a value")
        return self._value(self._advance())

    def _value(self, token: _Token) -> _Evaluate:
        if token.kind == "number":
            return _constant(_number(token))
        if token.kind == "string":
            return _constant(_ESCAPE.sub(r"\1", token.text[1:-1]))
        return _constant(_CONSTANTS[token.text]) if token.text in _CONSTANTS else _lookup(token.text)

    def _list(self) -> _Evaluate:
        items: list[_Evaluate] = []
        while not self._take("]"):
            if items:
                self._expect(",")
            items.append(self._operand())
        return lambda data: [item(data) for item in items]

    def _deeper(self, parse: Callable[[], _Evaluate]) -> _Evaluate:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(f"is more than {MAX_DEPTH} deep at character {self._next.place + 1}")
        inner = parse()
        self._depth -= 1
        return inner

    def _take(self, text: str) -> bool:
        if self._next.kind not in ("word", "mark") or self._next.text != text:
            return False
        self._advance()
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._refuse(f"`{text}`")

    def _advance(self) -> _Token:
        taken, self._next = self._next, next(self._tokens, self._next)
        return taken

    def _refuse(self, wanted: str) -> NoReturn:
        raise ConditionError(f"needs {wanted} at character {self._next.place + 1}")


def _number(token: _Token) -> float:
    number = float(token.text)
    if not math.isfinite(number):
        raise ConditionError(f"needs a smaller number at character {token.place + 1}")
    return number


def _constant(value: Any) -> _Evaluate:
    return lambda _data: value


def _lookup(path: str) -> _Evaluate:
    names = path.split(".")
    if names[0] == "data":
        del names[0]

    def look_up(data: Data) -> Any:
        value: Any = data
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    return look_up


def _truth(value: Any) -> bool:
    """Null, false, 0 and what is empty do not hold."""
    return bool(value)


def _kind(value: Any) -> str:
    """To Python, true is 1."""
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, list | tuple) else type(value).__name__


def _equal(left: Any, right: Any) -> bool:
    if _kind(left) != _kind(right):
        return False
    if _kind(left) == "list":
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        return _kind(left) == _kind(right) and _kind(left) in ("number", "str") and compare(left, right)

    return ordered


def _contained(left: Any, right: Any) -> bool:
    return _kind(right) == "list" and any(_equal(left, item) for item in right)


_COMPARATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
}
