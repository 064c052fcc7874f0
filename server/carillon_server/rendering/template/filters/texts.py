"""Texts and lists: those of Jinja2 that could burn time or reach further are written anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jinja2 import filters as builtin
from jinja2 import pass_context, pass_environment, pass_eval_context
from jinja2.environment import Environment
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from carillon_server.rendering.template.failure import invalid
from carillon_server.rendering.template.missing import Missing, MissingValue


def _present(value: Any) -> Any:
    if isinstance(value, Missing) or value is None:
        raise MissingValue(value)
    return value


def tojson(value: Any) -> Markup:
    """As JSON, safe inside HTML as well; what is missing is null."""
    return htmlsafe_json_dumps(None if isinstance(value, Missing) else value)


@pass_eval_context
def replace(context: EvalContext, text: Any, old: str, new: str, count: int | None = None) -> str:
    """All places, or the first `count`. `old` cannot be empty."""
    if not old:
        raise invalid("replace needs a text to look for")
    return builtin.do_replace(context, _present(text), old, new, count)


@pass_environment
def truncate(environment: Environment, text: Any, length: int = 255, end: str = "…") -> str:
    """At most `length` characters, cut between words where there are any."""
    return builtin.do_truncate(environment, str(_present(text)), max(int(length), len(end)), False, end, 0)


@pass_context
def mapped(context: Context, items: Any, *arguments: Any, **options: Any) -> list[Any]:
    """`items | map(attribute="name")`, `items | map("upper")`."""
    return list(builtin.sync_do_map(context, _list(items), *arguments, **options))


@pass_context
def select(context: Context, items: Any, *arguments: Any) -> list[Any]:
    """Those that are true, or that pass a test: `numbers | select("gt", 3)`."""
    return list(builtin.sync_do_select(context, _list(items), *arguments))


@pass_context
def reject(context: Context, items: Any, *arguments: Any) -> list[Any]:
    """The others."""
    return list(builtin.sync_do_reject(context, _list(items), *arguments))


@pass_environment
def unique(
    environment: Environment,
    items: Any,
    case_sensitive: bool = False,  # noqa: FBT001 - as templates call it
    attribute: str | None = None,
) -> list[Any]:
    """Each once."""
    return list(builtin.do_unique(environment, _list(items), case_sensitive, attribute))


def last(items: Any) -> Any:
    """The last item of a list, or the last character of a text."""
    return items[-1] if _present(items) else Missing(name="last item")


def first(items: Any) -> Any:
    """The first item of a list, or the first character of a text."""
    return items[0] if _present(items) else Missing(name="first item")


def _list(items: Any) -> Iterable[Any]:
    if not isinstance(_present(items), list | tuple):
        raise invalid("a list is needed")
    return items  # type: ignore[no-any-return]  # just checked


def urlencode(value: Any) -> str:
    """As a part of a URL."""
    return builtin.do_urlencode(_present(value))
