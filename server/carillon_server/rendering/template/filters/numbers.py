"""Numbers: plain ones for reckoning, and as people of a locale write them."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import Any

from babel import Locale
from babel.numbers import NumberPattern, format_currency, format_percent, is_currency
from jinja2 import pass_context
from jinja2.runtime import Context

from carillon_server.rendering.template.failure import invalid
from carillon_server.rendering.template.scene import scene_of

_MAX_DIGITS = 10
_REMEMBERED_PATTERNS = 500


def as_number(value: Any) -> int | float:
    """A number, also where it comes as text (`"12.50"`)."""
    if isinstance(value, bool):
        raise invalid("a number is needed, and this is true or false")
    if isinstance(value, int | float):
        return value
    try:
        number = float(str(value))
    except ValueError:
        raise invalid("a number is needed, and this is none") from None
    if not isfinite(number):
        raise invalid("a number is needed, and this is none")
    return int(number) if number.is_integer() else number


def rounded(value: Any, digits: int = 0, method: str = "common") -> float:
    """`round(digits)`, `round(0, "floor")`, `round(0, "ceil")`; halves go to the even digit."""
    _check_digits(digits)
    number = as_number(value)
    if method == "common":
        return round(number, digits)
    if method not in {"ceil", "floor"}:
        raise invalid("round knows common, ceil and floor")
    scale = 10**digits
    whole = number * scale // 1 if method == "floor" else -(-number * scale // 1)
    return float(whole / scale)


def magnitude(value: Any) -> int | float:
    """Without its sign."""
    return abs(as_number(value))


@pass_context
def number(context: Context, value: Any, digits: int | None = None) -> str:
    """`1234.5 | number` is `1,234.5`; with `digits` there are exactly as many behind the point."""
    if digits is not None:
        _check_digits(digits)
    return format_plain(as_number(value), scene_of(context).region, digits)


@pass_context
def percent(context: Context, value: Any, digits: int = 0) -> str:
    """`0.42 | percent` is `42%`."""
    _check_digits(digits)
    pattern = _percent_pattern(scene_of(context).region, digits)
    return format_percent(as_number(value), format=pattern, locale=scene_of(context).region)


@pass_context
def currency(context: Context, value: Any, code: str = "") -> str:
    """`12.5 | currency("EUR")` is `€12.50`."""
    if not is_currency(code.upper()):
        raise invalid("currency takes a code of ISO 4217, such as EUR")
    return format_currency(as_number(value), code.upper(), locale=scene_of(context).region)


def format_plain(value: int | float, locale: Locale, digits: int | None = None) -> str:
    """A decimal number; without `digits` with as many as it has, three at most."""
    return str(_decimal_pattern(locale, digits).apply(value, locale))


@lru_cache(maxsize=_REMEMBERED_PATTERNS)
def _decimal_pattern(locale: Locale, digits: int | None) -> NumberPattern:
    return _with_digits(locale.decimal_formats[None], digits)


@lru_cache(maxsize=_REMEMBERED_PATTERNS)
def _percent_pattern(locale: Locale, digits: int) -> NumberPattern:
    return _with_digits(locale.percent_formats[None], digits)


def _with_digits(pattern: NumberPattern, digits: int | None) -> NumberPattern:
    if digits is None:
        return pattern
    return NumberPattern(
        pattern.pattern, pattern.prefix, pattern.suffix, pattern.grouping, pattern.int_prec, (digits, digits),
        pattern.exp_prec, pattern.exp_plus, pattern.number_pattern,
    )  # fmt: skip


def _check_digits(digits: object) -> None:
    if not isinstance(digits, int) or isinstance(digits, bool) or not 0 <= digits <= _MAX_DIGITS:
        raise invalid(f"digits are a number from 0 to {_MAX_DIGITS}")
