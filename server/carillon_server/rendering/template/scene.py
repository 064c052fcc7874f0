"""What a rendering is about besides its variables: language, formats, zone, moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from jinja2.runtime import Context

SCENE_VARIABLE = "_scene"
"""Under a name that templates cannot write."""
_FALLBACK = "en"
_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Scene:
    """For filters that need more than their value."""

    language: Locale
    """Of the text: its plurals follow it."""
    region: Locale
    """Of the reader: numbers and dates follow it."""
    zone: tzinfo
    now: datetime


def build_scene(locale: str, region: str, time_zone: str, create_time: Any) -> Scene:
    """`create_time`: ISO 8601, else it is now. Unknown locales count as English, unknown zones as UTC."""
    language = find_locale(locale)
    return Scene(
        language, find_locale(region) if region else language, find_zone(time_zone), _moment(create_time)
    )


def scene_of(context: Context) -> Scene:
    """The scene that a filter is used in."""
    scene: Scene = context.parent[SCENE_VARIABLE]
    return scene


@lru_cache(maxsize=_REMEMBERED)
def find_locale(name: str) -> Locale:
    """The locale, or what is nearest: `de-XX` is German."""
    parts = name.replace("-", "_").split("_")
    while parts:
        try:
            return Locale.parse("_".join(parts))
        except (UnknownLocaleError, ValueError):
            parts.pop()
    return Locale.parse(_FALLBACK)


@lru_cache(maxsize=_REMEMBERED)
def find_zone(name: str) -> tzinfo:
    """The zone, or UTC."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
