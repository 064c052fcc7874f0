"""What people type, as values: durations, instants, labels, JSON, lists."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import typer

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_duration(text: str) -> timedelta:
    """`90s`, `10m`, `1h30m`, `2d`."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise typer.BadParameter(f"{text!r} is no duration: write 90s, 10m, 1h30m or 2d.")
    try:
        return timedelta(seconds=sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts))
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is too long.") from None


def parse_instant(text: str) -> datetime:
    """An ISO date or time; without a zone it is in that of this machine."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is no time: write 2026-03-01T09:00 or 2026-03-01T09:00Z."
        ) from None


def parse_object(text: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"this is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise typer.BadParameter("write a JSON object, such as '{\"count\": 3}'.")
    return value


def parse_pairs(pairs: Sequence[str], option: str = "--label") -> dict[str, str]:
    """`key=value`, each key once."""
    parsed: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{pair!r} has no value: write key=value.", param_hint=option)
        parsed[key] = value
    return parsed


def split_list(values: Sequence[str]) -> list[str]:
    """Several values, given one by one or separated by commas."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def instant_after(delay: timedelta | None, instant: datetime | None, options: str) -> datetime | None:
    """The instant that a pair of options such as `--deliver-in` and `--deliver-at` names, if any."""
    if delay is None:
        return instant
    if instant is not None:
        raise typer.BadParameter("only one of the two can be given.", param_hint=options)
    try:
        return datetime.now(UTC) + delay
    except OverflowError:
        raise typer.BadParameter("that is too far ahead.", param_hint=options) from None
