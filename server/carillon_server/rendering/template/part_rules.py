"""What the text of a part may be once it is rendered; the limits of `Content` and of what providers carry."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from carillon_server.domain.channel import Channel
from carillon_server.domain.links import is_absolute, is_icon, is_link
from carillon_server.domain.template import REQUIRED_PARTS
from carillon_server.rendering.template.failure import invalid

MAX_TITLE_CHARACTERS = 200
MAX_BODY_CHARACTERS = 10_000
MAX_LINK_CHARACTERS = 2_048
MAX_ACTION_ID_CHARACTERS = 64
MAX_ACTION_LABEL_CHARACTERS = 100
MAX_SMS_CHARACTERS = 1_600
MAX_PUSH_VALUE_CHARACTERS = 1_000
MAX_PREHEADER_CHARACTERS = 200
MAX_RULE_CHARACTERS = 200
MAX_PAYLOAD_BYTES = 32 * 1024
MAX_PAYLOAD_DEPTH = 16

# C0, delete, C1, and the two separators that some readers take for line ends.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL_IN_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_END = re.compile("\r\n?")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")


@dataclass(frozen=True, slots=True)
class PartRule:
    """How a rendered part is brought into shape, and what it may be then."""

    tidy: Callable[[str], str]
    max_characters: int
    fits: Callable[[str], bool] = lambda _text: True
    otherwise: str = ""
    """What to say where it does not fit."""

    def apply(self, text: str, *, required: bool) -> str:
        """The part as it goes out. Raises a fault of the problem `invalid`."""
        tidied = self.tidy(text)
        if not tidied:
            if required:
                raise invalid("it came out empty")
            return ""
        if len(tidied) > self.max_characters:
            raise invalid(f"it came out longer than {self.max_characters:,} characters")
        if not self.fits(tidied):
            raise invalid(self.otherwise)
        _check_characters(tidied)
        return tidied


def one_line(text: str) -> str:
    """Line ends and other control characters become a space: nothing may break out of a header."""
    stripped = text.strip()
    return stripped if stripped.isprintable() else _CONTROL.sub(" ", stripped).strip()


def lines(text: str) -> str:
    """Of the control characters only line feeds and tabs; no more than one blank line at a time."""
    stripped = text.strip()
    if not stripped.isprintable():
        stripped = _CONTROL_IN_LINES.sub(" ", _LINE_END.sub("\n", stripped))
        stripped = _BLANK_LINES.sub("\n\n", stripped)
    return stripped


def payload(text: str) -> str:
    """A JSON object, written anew."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise invalid(f"it came out deeper than {MAX_PAYLOAD_DEPTH} levels") from None
    except ValueError:
        raise invalid("it came out as something that is no JSON") from None
    if not isinstance(value, dict):
        raise invalid("it came out as JSON that is no object")
    if _depth(value) > MAX_PAYLOAD_DEPTH:
        raise invalid(f"it came out deeper than {MAX_PAYLOAD_DEPTH} levels")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("no number")


def _depth(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, members), default=0) if isinstance(value, dict | list) else 0


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid("it came out with half a character") from None


_NO_LINK = "it came out as neither an absolute http(s) URL nor an absolute path"
_TITLE = PartRule(one_line, MAX_TITLE_CHARACTERS)
_BODY = PartRule(lines, MAX_BODY_CHARACTERS)
_LINK = PartRule(str.strip, MAX_LINK_CHARACTERS, is_link, _NO_LINK)
_ICON = PartRule(
    str.strip, MAX_LINK_CHARACTERS, is_icon, "it came out as neither a name nor an absolute http(s) URL"
)
_PICTURE = PartRule(
    str.strip, MAX_LINK_CHARACTERS, is_absolute, "it came out as something that is no absolute http(s) URL"
)
_SHARED: Mapping[str, PartRule] = {
    "title": _TITLE,
    "body": _BODY,
    "action_url": _LINK,
    "icon": _ICON,
    "image_url": _PICTURE,
    "subject": _TITLE,
    "preheader": PartRule(one_line, MAX_PREHEADER_CHARACTERS),
    "payload": PartRule(payload, MAX_PAYLOAD_BYTES),
}
_BY_CHANNEL: Mapping[tuple[Channel, str], PartRule] = {
    (Channel.EMAIL, "text"): PartRule(lines, 128 * 1024),
    (Channel.SMS, "text"): PartRule(lines, MAX_SMS_CHARACTERS),
}
_ACTION: Mapping[str, PartRule] = {
    "id": PartRule(one_line, MAX_ACTION_ID_CHARACTERS),
    "label": PartRule(one_line, MAX_ACTION_LABEL_CHARACTERS),
    "url": _LINK,
}
_PUSH_VALUE = PartRule(lines, MAX_PUSH_VALUE_CHARACTERS)
RULE = PartRule(one_line, MAX_RULE_CHARACTERS)
"""Of `collapse` and `thread`."""


def rule_of(channel: Channel, part: str) -> PartRule:
    """The rule of a part that `domain.template.is_part`."""
    if part.startswith("data."):
        return _PUSH_VALUE
    if part.startswith("actions["):
        return _ACTION[part.rpartition(".")[2]]
    return _BY_CHANNEL.get((channel, part)) or _SHARED[part]


def is_required(channel: Channel, part: str) -> bool:
    """Whether it cannot come out empty."""
    return part in REQUIRED_PARTS[channel] or (part.startswith("actions[") and not part.endswith(".url"))
