"""Rules for texts. Lengths are in characters (code points), as the API says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from carillon_server.transport.validation.rule import FINE, Rule, Violations, each, wrong

# C0, delete, C1, and the two separators that some readers take for line ends.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_HAS_CONTROL = wrong("has control characters")


def line(*, max_characters: int) -> Rule:
    """One line without control characters."""
    return _text(max_characters, _CONTROL)


def lines(*, max_characters: int) -> Rule:
    """Several lines; of the control characters only line feeds and tabs."""
    return _text(max_characters, _CONTROL_IN_LINES)


def _text(max_characters: int, control: re.Pattern[str]) -> Rule:
    too_long = wrong(f"is longer than {max_characters:,} characters")

    def check(value: str) -> Violations:
        if len(value) > max_characters:
            return too_long
        # Nearly every text is printable, and asking that is many times as fast as the search.
        if value.isprintable() or control.search(value) is None:
            return FINE
        return _HAS_CONTROL

    return check


def nonempty(rule: Rule) -> Rule:
    """For items of lists and keys of maps, which cannot be left unset."""
    empty = wrong("is empty")
    return lambda value: rule(value) if value else empty


def each_line(*, max_items: int, max_characters: int) -> Rule:
    """A list of lines that are not empty, looked at one by one only where something is wrong."""
    one_by_one = each(nonempty(line(max_characters=max_characters)), max_items=max_items)

    def check(values: Sequence[str]) -> Violations:
        if len(values) == 1 and 0 < len(only := values[0]) <= max_characters and only.isprintable():
            return FINE
        if (
            len(values) <= max_items
            and all(values)
            and max(map(len, values)) <= max_characters
            and "".join(values).isprintable()
        ):
            return FINE
        return one_by_one(values)

    return check


def ascii_line(*, max_characters: int) -> Rule:
    """Printable ASCII."""
    return pattern(
        rf"[\x20-\x7e]{{1,{max_characters}}}", f"is not at most {max_characters} printable ASCII characters"
    )


def pattern(expression: str, description: str) -> Rule:
    """The whole text matches."""
    compiled = re.compile(expression)
    violation = wrong(description)
    return lambda value: FINE if compiled.fullmatch(value) else violation
