"""Which name stands for which filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2.filters import FILTERS as BUILTIN_FILTERS

from carillon_server.rendering.template.filters import dates, numbers, texts, words

_OURS: dict[str, Callable[..., Any]] = {
    "abs": numbers.magnitude,
    "currency": numbers.currency,
    "date": dates.local_date,
    "datetime": dates.local_datetime,
    "first": texts.first,
    "join_and": words.join_and,
    "last": texts.last,
    "map": texts.mapped,
    "number": numbers.number,
    "percent": numbers.percent,
    "plural": words.plural,
    "reject": texts.reject,
    "relative": dates.relative,
    "replace": texts.replace,
    "round": numbers.rounded,
    "select": texts.select,
    "time": dates.local_time,
    "tojson": texts.tojson,
    "truncate": texts.truncate,
    "unique": texts.unique,
    "urlencode": texts.urlencode,
}
FILTERS: Mapping[str, Callable[..., Any]] = {**BUILTIN_FILTERS, **_OURS}
