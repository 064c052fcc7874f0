"""Text messages as phones carry them: 7-bit GSM characters or UCS-2, in segments that are each paid for.

3GPP TS 23.038 gives the alphabet: 128 characters, and ten more that take an escape before them and so count
twice. A text with any other character goes out as UCS-2 (today UTF-16), where what lies outside the basic
plane takes two units. A text of one segment has 160 or 70 units; in a longer one each segment gives up seven
or three of them to the header that joins them (TS 23.040). Neither an escape nor a surrogate is parted from
what it belongs to: what does not fit whole goes to the next segment.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin

from carillon_server.domain.notification import Content

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_BASIC_PLANE = 0xFFFF
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_REGIONAL_INDICATORS = range(0x1F1E6, 0x1F200)
_TAGS = range(0xE0020, 0xE0080)
_WORD_LOOKBACK_CHARACTERS = 30
"""A cut goes back to the end of a word if one is this near; a text without spaces is cut anywhere."""


class Encoding(StrEnum):
    """How the characters go over the air."""

    GSM_7 = "gsm-7"
    UCS_2 = "ucs-2"

    @property
    def single_units(self) -> int:
        """Room in a message of one segment."""
        return 160 if self is Encoding.GSM_7 else 70

    @property
    def joined_units(self) -> int:
        """Room in each segment of a longer one."""
        return 153 if self is Encoding.GSM_7 else 67

    @property
    def ellipsis(self) -> str:
        """What stands for the rest; it makes no text more expensive."""
        return "..." if self is Encoding.GSM_7 else "…"


@dataclass(frozen=True, slots=True)
class Size:
    """What a text costs."""

    encoding: Encoding
    units: int
    """Septets or UTF-16 code units."""
    segments: int


def encoding_of(text: str) -> Encoding:
    """The cheaper one that can carry it."""
    return Encoding.GSM_7 if all(c in _BASIC or c in _EXTENDED for c in text) else Encoding.UCS_2


def measure(text: str, encoding: Encoding | None = None) -> Size:
    """The size in its own encoding, or in the one given. An empty text is one segment: it is sent."""
    encoding = encoding or encoding_of(text)
    costs = [_units(character, encoding) for character in text]
    units = sum(costs)
    return Size(encoding, units, 1 if units <= encoding.single_units else _pack(costs, encoding.joined_units))


def fit(text: str, max_segments: int, suffix: str = "") -> str:
    """The text and after it the suffix, in at most so many segments.

    What is too long loses its end: at the end of a word if one is near, never inside of what a reader sees as
    one character, with an ellipsis. A suffix that leaves no room for the text is left out.
    """
    encoding = encoding_of(text + suffix)

    def fits(candidate: str) -> bool:
        return measure(candidate, encoding).segments <= max_segments

    if fits(text + suffix):
        return text + suffix
    if suffix and not fits(encoding.ellipsis + suffix):
        return fit(text, max_segments)
    ending = encoding.ellipsis + suffix
    # Longer than any text that fits, and short enough to try.
    low, high = 0, min(len(text), max_segments * encoding.single_units)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle] + ending) else (low, middle - 1)
    return text[: _cut(text, low)].rstrip() + ending


def compose(content: Content, link_base_url: str, max_segments: int) -> str:
    """Title, body and the link of a notification; the link survives where the body is cut."""
    text = "\n".join(part.strip() for part in (content.title, content.body) if part.strip())
    link = urljoin(link_base_url, content.action_url) if content.action_url else ""
    return fit(text, max_segments, f"\n{link}" if link.startswith(("https://", "http://")) else "")


def _units(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM_7:
        return 2 if character in _EXTENDED else 1
    return 2 if ord(character) > _BASIC_PLANE else 1


def _pack(costs: Iterable[int], room: int) -> int:
    segments, used = 1, 0
    for cost in costs:
        used += cost
        if used > room:
            segments, used = segments + 1, cost
    return segments


def _cut(text: str, longest: int) -> int:
    """The best place to cut at or before `longest`."""
    place = longest
    while place > 0 and not _parts(text, place):
        place -= 1
    for candidate in range(place, max(place - _WORD_LOOKBACK_CHARACTERS, 0), -1):
        if text[candidate].isspace():
            return candidate
    return place


def _parts(text: str, place: int) -> bool:
    """A new character, as a reader sees it, begins here.

    The part of Unicode's rules (UAX 29) that matters for what people write: marks, joined pictures, skin
    tones and flags.
    """
    before, after = text[place - 1], text[place]
    if before == "\u200d" or before + after == "\r\n":
        return False
    if unicodedata.category(after) in {"Mn", "Mc", "Me"} or after in _JOINERS:
        return False
    code = ord(after)
    if code in _SKIN_TONES or code in _TAGS:
        return False
    return not (code in _REGIONAL_INDICATORS and _flag_letters_before(text, place) % 2)


def _flag_letters_before(text: str, place: int) -> int:
    count = 0
    while count < place and ord(text[place - 1 - count]) in _REGIONAL_INDICATORS:
        count += 1
    return count
