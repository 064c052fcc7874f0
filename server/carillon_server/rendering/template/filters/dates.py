"""Dates and times, in the recipient's zone and in the way of their region.

Values are ISO 8601 texts. `2026-11-21T09:30:00Z` is an instant, and is shown where the recipient is.
`2026-11-21T09:30:00` and `2026-11-21` belong to no zone, and are shown as they stand.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from jinja2 import pass_context
from jinja2.runtime import Context

from carillon_server.rendering.template.failure import invalid
from carillon_server.rendering.template.missing import Missing, MissingValue
from carillon_server.rendering.template.scene import Scene, scene_of

_STYLES = frozenset({"short", "medium", "long", "full"})
_NO_ZONE_STYLES = {"long": "medium", "full": "medium"}
"""Times without a zone have none to name."""


@pass_context
def local_date(context: Context, value: Any, style: str = "medium") -> str:
    """`date("long")`: November 21, 2026."""
    scene = scene_of(context)
    return format_date(_read(value, scene), _check(style), locale=scene.region)


@pass_context
def local_time(context: Context, value: Any, style: str = "short") -> str:
    """`time`: 10:30 AM."""
    scene = scene_of(context)
    moment = _with_time(value, scene)
    return format_time(moment, _time_style(style, moment), tzinfo=moment.tzinfo, locale=scene.region)


@pass_context
def local_datetime(context: Context, value: Any, style: str = "medium") -> str:
    """`datetime("short")`: 11/21/26, 10:30 AM."""
    scene = scene_of(context)
    moment = _with_time(value, scene)
    return format_datetime(moment, _time_style(style, moment), tzinfo=moment.tzinfo, locale=scene.region)


@pass_context
def relative(context: Context, value: Any) -> str:
    """How far it is from the notification's time: `in 3 hours`, `2 days ago`."""
    scene = scene_of(context)
    moment = _with_time(value, scene)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=scene.zone)
    return format_timedelta(moment - scene.now, add_direction=True, locale=scene.language)


def _with_time(value: Any, scene: Scene) -> datetime:
    moment = _read(value, scene)
    if not isinstance(moment, datetime):
        raise invalid("this date has no time of day")
    return moment


def _read(value: Any, scene: Scene) -> date:
    """A datetime in the recipient's zone, one without a zone, or a date."""
    if isinstance(value, Missing):
        raise MissingValue(value)
    if not isinstance(value, str):
        raise invalid("a date is a text as in ISO 8601")
    text = value.strip()
    try:
        if len(text) == len("2026-11-21"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(scene.zone) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise invalid("a date is a text as in ISO 8601, such as 2026-11-21T09:30:00Z") from None


def _check(style: str) -> Any:
    if style not in _STYLES:
        raise invalid("dates are short, medium, long or full")
    return style


def _time_style(style: str, moment: datetime) -> Any:
    _check(style)
    return style if moment.tzinfo else _NO_ZONE_STYLES.get(style, style)
