"""Words that depend on numbers, and lists as sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from babel import Locale
from babel.lists import format_list
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from carillon_server.rendering.template.failure import invalid
from carillon_server.rendering.template.filters.numbers import as_number, format_plain
from carillon_server.rendering.template.missing import Missing, MissingValue
from carillon_server.rendering.template.scene import scene_of

_CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other"})


@pass_context
def plural(context: Context, value: Any, **forms: str) -> str:
    """`count | plural(one="# scan", other="# scans")`: the form for the number in the template's language,
    with the number for `#`. Categories are those of the CLDR; what is not given is `other`.
    """
    if "other" not in forms or not forms.keys() <= _CATEGORIES:
        raise invalid("plural takes other, and zero, one, two, few, many where the language has them")
    scene = scene_of(context)
    number = as_number(value)
    form = forms.get(_category(scene.language, number), forms["other"])
    return form.replace("#", format_plain(number, scene.region))


def _category(locale: Locale, number: int | float) -> str:
    return str(locale.plural_form(abs(number)))


@pass_context
def join_and(context: Context, items: Any, style: str = "standard") -> str:
    """`names | join_and`: `Ann, Ben, and Cem`; with `"or"`: `Ann, Ben, or Cem`."""
    if isinstance(items, Missing):
        raise MissingValue(items)
    if style not in {"standard", "or"} or isinstance(items, str | dict) or not isinstance(items, Iterable):
        raise invalid('join_and takes a list, and may be told "or"')
    escaping = bool(context.eval_ctx.autoescape)
    texts = [str(escape(item)) if escaping else str(item) for item in items]
    joined = format_list(texts, style=style, locale=scene_of(context).language) if texts else ""  # type: ignore[arg-type]  # checked above
    # Its parts were escaped one by one.
    return Markup(joined) if escaping else joined  # noqa: S704
