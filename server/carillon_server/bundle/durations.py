"""Durations as people write them: `90s`, `30m`, `12h`, `30d`."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

PATTERN = r"[0-9]{1,12}(\.[0-9]{1,6})?[smhd]"

_UNIT_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse_duration(text: str) -> timedelta | None:
    """None: it is none."""
    if re.fullmatch(PATTERN, text) is None:
        return None
    try:
        micros = Decimal(text[:-1]) * _UNIT_SECONDS[text[-1]] * 1_000_000
        return timedelta(microseconds=int(micros))
    except OverflowError:
        return None


def format_duration(duration: timedelta) -> str:
    """In the largest unit that holds it whole; parts of a second are kept."""
    micros = duration // timedelta(microseconds=1)
    for unit, seconds in _UNIT_SECONDS.items():
        if micros and micros % (seconds * 1_000_000) == 0:
            return f"{micros // (seconds * 1_000_000)}{unit}"
    whole, rest = divmod(micros, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".") + "s"
