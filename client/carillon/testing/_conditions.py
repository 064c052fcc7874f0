"""Conditions of topic members, in the fake. Their language is a part of Python's, so Python parses it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

_CONSTANTS = {"true": True, "false": False, "null": None}
_ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def is_condition(text: str) -> bool:
    """Whether the service would take it."""
    try:
        _evaluate(ast.parse(text.strip(), mode="eval").body, {})
    except (SyntaxError, ValueError):
        return False
    return True


def holds(text: str, data: Mapping[str, Any]) -> bool:
    """Empty: always."""
    return not text or bool(_evaluate(ast.parse(text.strip(), mode="eval").body, data))


def _evaluate(node: ast.expr, data: Mapping[str, Any]) -> Any:
    match node:
        case ast.BoolOp(op, values):
            truths = [bool(_evaluate(value, data)) for value in values]
            return all(truths) if isinstance(op, ast.And) else any(truths)
        case ast.UnaryOp(ast.Not(), operand):
            return not _evaluate(operand, data)
        case ast.Compare(left, [comparator], [right]):
            return _compare(comparator, _evaluate(left, data), _evaluate(right, data))
    return _operand(node, data)


def _operand(node: ast.expr, data: Mapping[str, Any]) -> Any:
    match node:
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
            return -number
        case ast.Constant(str() | int() | float() as constant) if not isinstance(constant, bool):
            return constant
        case ast.List(items):
            return [_evaluate(item, data) for item in items]
        case ast.Name(name):
            return {**data, "data": data, **_CONSTANTS}.get(name)
        case ast.Attribute(ast.Name() | ast.Attribute() as parent, name):
            value = _operand(parent, data)
            return value.get(name) if isinstance(value, Mapping) else None
    raise ValueError("is no condition")


def _compare(comparator: ast.cmpop, left: Any, right: Any) -> bool:
    match comparator:
        case ast.Eq():
            return _equal(left, right)
        case ast.NotEq():
            return not _equal(left, right)
        case ast.In():
            return _contained(left, right)
        case ast.NotIn():
            return not _contained(left, right)
    order = _ORDERS.get(type(comparator))
    if order is None:
        raise ValueError("is no condition")
    return _kind(left) == _kind(right) and _kind(left) in ("number", "str") and order(left, right)


def _contained(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(_equal(left, item) for item in right)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return _kind(left) == _kind(right) and bool(left == right)


def _kind(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if number else type(value).__name__
